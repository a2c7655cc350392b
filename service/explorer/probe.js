/** The card at the pointer: the picture decoded there, and the nearest picture of the data. */

import { copyOf, partOf } from "./elements.js";
import { toMap } from "./plane.js";
import { drawPixels } from "./reference.js";
import { callForBlob } from "./service.js";
import { messageOf } from "./status.js";
import { shownPoint } from "./view.js";

/**
 * @import { LatentMap } from "./latent_map.js"
 * @import { Model } from "./model.js"
 * @import { Point } from "./plane.js"
 */

const AWAY = 18; // pixels between the pointer and the card

/** Follows the pointer over one map. It skips the points passed while a request is under way. */
export class Probe {
  /**
   * @param {LatentMap} latentMap
   * @param {Model} model
   */
  constructor({ map }, model) {
    this.map = map;
    this.model = model;
    this.card = copyOf("probe");
    this.cross = document.createElement("div");
    this.cross.className = "cross";
    this.map.getContainer().append(this.card, this.cross);
    this.decoded = partOf(this.card, "decoded", HTMLCanvasElement);
    this.nearest = partOf(this.card, "nearest", HTMLCanvasElement);
    this.where = partOf(this.card, "where", HTMLElement);
    this.near = partOf(this.card, "near", HTMLElement);
    this.warning = partOf(this.card, "warning", HTMLElement);
    /** @type {Point | null} */
    this.wanted = null;
    /** @type {Point | null} */
    this.drawn = null;
    this.isDrawing = false;
    this.hide();
  }

  /**
   * Show what is at a point; hide the card for null.
   *
   * @param {Point | null} point
   */
  point(point) {
    this.wanted = point;
    if (point === null) {
      this.hide();
      return;
    }
    this.move(point);
    this.describe(point);
    if (!this.isDrawing) this.drawWanted();
  }

  /** Draw the picture at the wanted point, and again as long as another point is wanted by then. */
  async drawWanted() {
    this.isDrawing = true;
    try {
      while (this.wanted && this.wanted !== this.drawn) {
        const point = this.wanted;
        const begun = performance.now();
        const json = { model: this.model.name, latents: [point] };
        const picture = await createImageBitmap(await callForBlob("decode", { json }));
        drawPixels(this.decoded, picture);
        picture.close();
        this.drawn = point;
        const detail = { point, milliseconds: performance.now() - begun };
        this.card.dispatchEvent(new CustomEvent("drawn", { detail, bubbles: true }));
      }
    } catch (error) {
      this.where.textContent = messageOf(error);
    } finally {
      this.isDrawing = false;
    }
  }

  /** @param {Point} point */
  describe(point) {
    const { reference, supportDistance } = this.model;
    const { index, distance } = reference.nearest(point);
    this.where.textContent = `z = ${shownPoint(point)}`;
    this.near.textContent = `${reference.className(index)}, ${distance.toFixed(2)} away`;
    reference.drawThumbnail(this.nearest, index);
    this.warning.hidden = distance <= supportDistance;
    this.card.classList.toggle("off-data", !this.warning.hidden);
  }

  /** @param {Point} point */
  move(point) {
    const { x, y } = this.map.latLngToContainerPoint(toMap(point));
    const size = this.map.getSize();
    this.card.hidden = this.cross.hidden = x < 0 || y < 0 || x > size.x || y > size.y;
    this.cross.style.transform = `translate(${x}px, ${y}px)`;
    const left = placeBeside(x, this.card.offsetWidth, size.x);
    const top = placeBeside(y, this.card.offsetHeight, size.y);
    this.card.style.transform = `translate(${left}px, ${top}px)`;
  }

  hide() {
    this.wanted = null;
    this.card.hidden = this.cross.hidden = true;
  }
}

/**
 * Where a card of this length begins: after the pointer if it fits there, otherwise before it.
 *
 * @param {number} pointer
 * @param {number} length
 * @param {number} available
 */
function placeBeside(pointer, length, available) {
  const isFitting = pointer + AWAY + length <= available;
  const start = isFitting ? pointer + AWAY : pointer - AWAY - length;
  return Math.max(0, Math.min(start, available - length));
}
