/** A model's reference set: held-out pictures and where they lie in its plane. */

import { contextOf } from "./elements.js";
import { callForBlob, callForJson } from "./service.js";

/**
 * @import { ReferenceSet } from "./answers.js"
 * @import { Point } from "./plane.js"
 */

/** @param {string} model */
export async function loadReference(model) {
  const path = `models/${encodeURIComponent(model)}/reference`;
  const [data, picture] = await Promise.all([callForJson(path), callForBlob(`${path}.png`)]);
  return new Reference(/** @type {ReferenceSet} */ (data), await createImageBitmap(picture));
}

export class Reference {
  /**
   * @param {ReferenceSet} data
   * @param {ImageBitmap} mosaic all thumbnails in one picture
   */
  constructor(data, mosaic) {
    this.coordinates = data.coordinates;
    this.labels = data.labels;
    this.classNames = data.class_names;
    this.shape = data.thumbnails;
    this.mosaic = mosaic;
  }

  /**
   * Index of the nearest reference point, and its distance in latent units.
   *
   * @param {Point} point
   */
  nearest([x, y]) {
    let index = 0;
    let least = Number.POSITIVE_INFINITY;
    this.coordinates.forEach(([otherX, otherY], other) => {
      const square = (otherX - x) ** 2 + (otherY - y) ** 2;
      if (square < least) {
        least = square;
        index = other;
      }
    });
    return { index, distance: Math.sqrt(least) };
  }

  /**
   * Where a class's typical picture lies: the one nearest to the median of the class.
   * Null if the set has no such class.
   *
   * @param {string} className
   */
  typicalPoint(className) {
    const label = this.classNames.indexOf(className);
    const own = this.coordinates.filter((_, index) => this.labels[index] === label);
    if (own.length === 0) return null;
    const [centreX, centreY] = [median(own.map(([x]) => x)), median(own.map(([, y]) => y))];
    /** @param {Point} point */
    const distance = ([x, y]) => (x - centreX) ** 2 + (y - centreY) ** 2;
    return own.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  }

  /**
   * Fill a canvas with a picture of the set.
   *
   * @param {HTMLCanvasElement} canvas
   * @param {number} index
   */
  drawThumbnail(canvas, index) {
    const { columns, width, height } = this.shape;
    const left = (index % columns) * width;
    const top = Math.floor(index / columns) * height;
    drawPixels(canvas, this.mosaic, [left, top, width, height]);
  }

  /** @param {number} index */
  className(index) {
    return this.classNames[this.labels[index]];
  }
}

/**
 * Fill a canvas with an image, or with a part of it, without smoothing.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} image
 * @param {[number, number, number, number]} part left, top, width, height
 */
export function drawPixels(canvas, image, part = [0, 0, image.width, image.height]) {
  const context = contextOf(canvas);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, ...part, 0, 0, canvas.width, canvas.height);
}

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
