/** The card at the pointer: the picture decoded there, live, and the nearest picture of the data. */

import { toMap } from "./plane.js";
import { drawPixels } from "./reference.js";
import { callForBlob } from "./service.js";
import { shownPoint } from "./view.js";

const AWAY = 18; // pixels between the pointer and the card

/** Follows the pointer over one map. A frame that comes late is passed over for the newest one. */
export class Probe {
  constructor(latentMap, { name, supportDistance }, reference) {
    this.map = latentMap.map;
    this.name = name;
    this.supportDistance = supportDistance;
    this.reference = reference;
    this.card = document.getElementById("probe").content.firstElementChild.cloneNode(true);
    this.cross = document.createElement("div");
    this.cross.className = "cross";
    this.map.getContainer().append(this.card, this.cross);
    const part = (name) => this.card.querySelector(`[data-part="${name}"]`);
    this.decoded = part("decoded");
    this.nearest = part("nearest");
    this.where = part("where");
    this.near = part("near");
    this.warning = part("warning");
    this.hide();
  }

  /** Show what lies at a point, or nothing for null. */
  point(point) {
    this.wanted = point;
    if (point === null) {
      this.hide();
      return;
    }
    this.move(point);
    this.describe(point);
    if (!this.isFollowing) this.follow();
  }

  async follow() {
    this.isFollowing = true;
    try {
      while (this.wanted && this.wanted !== this.drawn) {
        const point = this.wanted;
        const begun = performance.now();
        const json = { model: this.name, latents: [point] };
        const picture = await createImageBitmap(await callForBlob("decode", { json }));
        drawPixels(this.decoded, picture);
        picture.close();
        this.drawn = point;
        const detail = { point, milliseconds: performance.now() - begun };
        this.card.dispatchEvent(new CustomEvent("drawn", { detail, bubbles: true }));
      }
    } catch (error) {
      this.where.textContent = error.message;
    } finally {
      this.isFollowing = false;
    }
  }

  describe(point) {
    const { index, distance } = this.reference.nearest(point);
    this.where.textContent = `z = ${shownPoint(point)}`;
    this.near.textContent = `${this.reference.className(index)}, ${distance.toFixed(2)} away`;
    this.reference.drawThumbnail(this.nearest, index);
    this.warning.hidden = distance <= this.supportDistance;
    this.card.classList.toggle("off-data", !this.warning.hidden);
  }

  move(point) {
    const { x, y } = this.map.latLngToContainerPoint(toMap(point));
    const size = this.map.getSize();
    this.card.hidden = this.cross.hidden = x < 0 || y < 0 || x > size.x || y > size.y;
    this.cross.style.transform = `translate(${x}px, ${y}px)`;
    const { offsetWidth: width, offsetHeight: height } = this.card;
    const left = x + AWAY + width > size.x ? x - AWAY - width : x + AWAY;
    const top = y + AWAY + height > size.y ? y - AWAY - height : y + AWAY;
    const within = (value, most) => Math.max(0, Math.min(value, most));
    this.card.style.transform = `translate(${within(left, size.x - width)}px, ${within(top, size.y - height)}px)`;
  }

  hide() {
    this.wanted = null;
    this.card.hidden = this.cross.hidden = true;
  }
}
