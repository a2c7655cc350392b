/** A model's reference set: held-out pictures whose place in the plane is known. */

import { callForBlob, callForJson } from "./service.js";

/** The reference set of a model, with its thumbnails. */
export async function loadReference(model) {
  const path = `models/${encodeURIComponent(model)}/reference`;
  const [data, picture] = await Promise.all([callForJson(path), callForBlob(`${path}.png`)]);
  return new Reference(data, await createImageBitmap(picture));
}

class Reference {
  constructor(data, mosaic) {
    this.coordinates = data.coordinates;
    this.labels = data.labels;
    this.classNames = data.class_names;
    this.shape = data.thumbnails;
    this.mosaic = mosaic;
  }

  /** The reference point nearest to a point: its index and how far it is, in latent units. */
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

  /** Where a class's typical picture lies: the one nearest to the median of its points. */
  typicalPoint(className) {
    const label = this.classNames.indexOf(className);
    const own = this.coordinates.filter((_, index) => this.labels[index] === label);
    if (own.length === 0) return null;
    const centre = [0, 1].map((axis) => median(own.map((point) => point[axis])));
    const distance = ([x, y]) => (x - centre[0]) ** 2 + (y - centre[1]) ** 2;
    return own.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  }

  /** Draw a picture of the set over the whole of a canvas. */
  drawThumbnail(canvas, index) {
    const { columns, width, height } = this.shape;
    const left = (index % columns) * width;
    const top = Math.floor(index / columns) * height;
    drawPixels(canvas, this.mosaic, [left, top, width, height]);
  }

  className(index) {
    return this.classNames[this.labels[index]];
  }
}

/** Draw an image, or the part [left, top, width, height] of it, over a canvas, pixels kept square. */
export function drawPixels(canvas, image, part = [0, 0, image.width, image.height]) {
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, ...part, 0, 0, canvas.width, canvas.height);
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
