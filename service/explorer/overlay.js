/** What is drawn over the tiles: axes in latent units, circles of the prior, reference points. */

import { DomUtil } from "./leaflet.js";
import { contextOf } from "./elements.js";
import { SHADE, drawLine, outline, write } from "./ink.js";
import { colourOf, traceMark } from "./palette.js";
import { fromMap, toMap } from "./plane.js";
import { tickStep, ticks } from "./ticks.js";

/**
 * @import { Reference } from "./reference.js"
 * @import { Map as LeafletMap } from "./leaflet.js"
 */

const ABOVE_TILES = "300"; // z-index; Leaflet gives tiles 200 and everything else at least 400
const CIRCLES = [1, 2, 3]; // standard deviations of the prior
const MOST_RADIUS = 30_000; // pixels; a larger circle looks like a straight line
const TICK_PIXELS = 70; // least distance between two ticks
const MARGIN = 9; // pixels; a mark this far outside the map still reaches into it
const AXIS = "rgb(255 255 255 / 55%)";
const TICK = "#fff";
const CIRCLE = "#ffe14d";

/** A canvas over a map, drawn again whenever the map moves. */
export class Overlay {
  /**
   * @param {LeafletMap} map
   * @param {Reference} reference
   * @param {boolean} hasPrior whether the model was trained to follow the normal distribution
   */
  constructor(map, reference, hasPrior) {
    this.map = map;
    this.reference = reference;
    this.hasPrior = hasPrior;
    this.shown = { points: true, axes: true };
    /** @type {Set<number>} */
    this.hidden = new Set();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "overlay";
    const pane = map.createPane("atlas");
    pane.style.zIndex = ABOVE_TILES;
    pane.append(this.canvas);
    map.on("move zoomend resize", () => this.draw());
    map.on("zoomanim", () => this.canvas.classList.add("stale"));
  }

  /**
   * @param {{ points: boolean, axes: boolean }} shown
   * @param {number[]} hidden classes whose points are not drawn
   */
  update(shown, hidden) {
    this.shown = shown;
    this.hidden = new Set(hidden);
    this.draw();
  }

  draw() {
    const { x: width, y: height } = this.map.getSize();
    const density = window.devicePixelRatio;
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint([0, 0]));
    this.canvas.classList.remove("stale");
    const context = contextOf(this.canvas);
    context.scale(density, density);
    if (this.shown.points) this.drawPoints(context, width, height);
    if (this.shown.axes) {
      this.drawCircles(context);
      this.drawAxes(context, width, height);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  drawPoints(context, width, height) {
    const radius = Math.min(6, Math.max(2, this.map.getZoom() - 7));
    context.lineWidth = 1;
    context.strokeStyle = SHADE;
    for (const [label, points] of this.pointsWithin(width, height)) {
      context.beginPath();
      for (const { x, y } of points) traceMark(context, label, x, y, radius);
      context.fillStyle = colourOf(label);
      context.fill();
      context.stroke();
    }
  }

  /**
   * The points to draw, in pixels, by class.
   *
   * @param {number} width
   * @param {number} height
   */
  pointsWithin(width, height) {
    /** @type {Map<number, { x: number, y: number }[]>} */
    const byLabel = new Map();
    this.reference.coordinates.forEach((point, index) => {
      const label = this.reference.labels[index];
      if (this.hidden.has(label)) return;
      const place = this.map.latLngToContainerPoint(toMap(point));
      if (place.x < -MARGIN || place.x > width + MARGIN) return;
      if (place.y < -MARGIN || place.y > height + MARGIN) return;
      const others = byLabel.get(label);
      if (others) others.push(place);
      else byLabel.set(label, [place]);
    });
    return byLabel;
  }

  /** @param {CanvasRenderingContext2D} context */
  drawCircles(context) {
    const centre = this.map.latLngToContainerPoint(toMap([0, 0]));
    const unit = this.map.latLngToContainerPoint(toMap([1, 1])).subtract(centre);
    context.setLineDash(this.hasPrior ? [] : [6, 6]);
    for (const deviations of CIRCLES) {
      const width = deviations * unit.x;
      const height = -deviations * unit.y;
      if (Math.max(width, height) > MOST_RADIUS) continue;
      context.beginPath();
      context.ellipse(centre.x, centre.y, width, height, 0, 0, 2 * Math.PI);
      outline(context, CIRCLE);
      const [x, y] = [centre.x + width * Math.SQRT1_2, centre.y - height * Math.SQRT1_2];
      write(context, `${deviations}σ`, x, y);
    }
    context.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  drawAxes(context, width, height) {
    const [left, top] = fromMap(this.map.containerPointToLatLng([0, 0]));
    const [right, bottom] = fromMap(this.map.containerPointToLatLng([width, height]));
    const step = tickStep(((right - left) * TICK_PIXELS) / width);
    for (const { value, text } of ticks(left, right, step)) {
      const x = Math.round(this.map.latLngToContainerPoint(toMap([value, top])).x);
      if (value === 0) drawLine(context, [x, 0], [x, height], AXIS);
      else drawLine(context, [x, height - 6], [x, height], TICK);
      write(context, text, x, height - 15);
    }
    for (const { value, text } of ticks(bottom, top, step)) {
      const y = Math.round(this.map.latLngToContainerPoint(toMap([left, value])).y);
      drawLine(context, [0, y], [value === 0 ? width : 6, y], value === 0 ? AXIS : TICK);
      write(context, text, 10, y, "left");
    }
  }
}
