/** What lies over the tiles: the axes in latent units, the prior's circles, the reference points. */

import { DomUtil } from "./vendor/leaflet-1.9.4/leaflet-src.esm.js";
import { colourOf, traceMark } from "./palette.js";
import { fromMap, toMap } from "./plane.js";

const ABOVE_TILES = 300; // and below whatever else Leaflet draws, as its panes are numbered
const CIRCLES = [1, 2, 3]; // standard deviations of the prior
const MOST_RADIUS = 30_000; // pixels; of a circle so near that it is a line one sees nothing
const TICK_PIXELS = 70; // between two ticks, at least
const LINE = "rgb(255 255 255 / 55%)";
const CIRCLE = "#ffe14d";
const SHADE = "rgb(0 0 0 / 65%)";
const FONT = "12px system-ui, sans-serif";

/** A canvas over a map that is drawn anew whenever the map moves. */
export class Overlay {
  constructor(map, { reference, hasPrior }) {
    this.map = map;
    this.reference = reference;
    this.hasPrior = hasPrior;
    this.shown = { points: true, axes: true };
    this.hidden = new Set();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "overlay";
    const pane = map.createPane("atlas");
    pane.style.zIndex = ABOVE_TILES;
    pane.append(this.canvas);
    map.on("move zoomend resize", () => this.draw());
    map.on("zoomanim", () => this.canvas.classList.add("stale"));
  }

  /** Show what `shown` says, without the classes in `hidden`. */
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
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    if (this.shown.points) this.drawPoints(context, width, height);
    if (this.shown.axes) {
      this.drawCircles(context);
      this.drawAxes(context, width, height);
    }
  }

  drawPoints(context, width, height) {
    const byLabel = new Map();
    this.reference.coordinates.forEach((point, index) => {
      const label = this.reference.labels[index];
      const { x, y } = this.map.latLngToContainerPoint(toMap(point));
      if (this.hidden.has(label) || x < -9 || y < -9 || x > width + 9 || y > height + 9) return;
      if (!byLabel.has(label)) byLabel.set(label, []);
      byLabel.get(label).push([x, y]);
    });
    const radius = Math.min(6, Math.max(2, this.map.getZoom() - 7));
    context.lineWidth = 1;
    context.strokeStyle = SHADE;
    for (const [label, points] of byLabel) {
      context.beginPath();
      for (const [x, y] of points) traceMark(context, label, x, y, radius);
      context.fillStyle = colourOf(label);
      context.fill();
      context.stroke();
    }
  }

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
      stroke(context, CIRCLE);
      const [x, y] = [centre.x + width * Math.SQRT1_2, centre.y - height * Math.SQRT1_2];
      write(context, `${deviations}σ`, x, y);
    }
    context.setLineDash([]);
  }

  drawAxes(context, width, height) {
    const [left, top] = fromMap(this.map.containerPointToLatLng([0, 0]));
    const [right, bottom] = fromMap(this.map.containerPointToLatLng([width, height]));
    const step = tickStep(((right - left) * TICK_PIXELS) / width);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (const value of ticks(left, right, step)) {
      const x = Math.round(this.map.latLngToContainerPoint(toMap([value, top])).x);
      line(context, x, value === 0 ? 0 : height - 6, x, height, value === 0);
      write(context, value.toFixed(digits), x, height - 15);
    }
    for (const value of ticks(bottom, top, step)) {
      const y = Math.round(this.map.latLngToContainerPoint(toMap([left, value])).y);
      line(context, 0, y, value === 0 ? width : 6, y, value === 0);
      write(context, value.toFixed(digits), 10, y, "left");
    }
  }
}

/** The least of 1, 2 or 5 times a power of ten that is not below `least`. */
function tickStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9));
}

function* ticks(lower, upper, step) {
  for (let count = Math.ceil(lower / step); count * step <= upper; count += 1) {
    yield count === 0 ? 0 : count * step;
  }
}

function line(context, fromX, fromY, toX, toY, isAxis) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  stroke(context, isAxis ? LINE : "#fff");
}

/** Twice, so that it is seen on light and dark pictures alike. */
function stroke(context, colour) {
  context.lineWidth = 3;
  context.strokeStyle = SHADE;
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}

function write(context, text, x, y, align = "center") {
  context.font = FONT;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = "rgb(0 0 0 / 85%)";
  const dash = context.getLineDash();
  context.setLineDash([]);
  context.strokeText(text, x, y);
  context.setLineDash(dash);
  context.fillStyle = "#fff";
  context.fillText(text, x, y);
}
