/** The panels of the compared models, which look at the same place and show the same things. */

import { pathThrough } from "./interpolation.js";
import { Panel } from "./panel.js";

/**
 * @import { MapHandlers, PlacedPicture } from "./latent_map.js"
 * @import { Model } from "./model.js"
 * @import { Point } from "./plane.js"
 * @import { View } from "./view.js"
 *
 * @typedef {Object} PanelsHandlers
 * @property {(centre: Point, zoom: number) => void} moved
 * @property {MapHandlers["chosen"]} chosen
 * @property {MapHandlers["dragged"]} dragged
 */

const LINE_DETAIL = 8; // points of the line on the map for each picture of the path

export class Panels {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.parent = parent;
    /** @type {Panel[]} */
    this.panels = [];
    this.isTurning = false;
  }

  get models() {
    return this.panels.map(({ model }) => model);
  }

  /**
   * Replace the panels by those of other models.
   *
   * @param {Model[]} models
   * @param {View} view
   * @param {PanelsHandlers} handlers
   */
  open(models, { centre, zoom }, handlers) {
    for (const { map } of this.panels) map.remove();
    this.panels = [];
    this.parent.replaceChildren();
    this.parent.classList.toggle("single", models.length === 1);
    const panels = models.map((model) => this.panelOf(model, handlers));
    // The first view depends on the container's size, which is final once all are in the page.
    for (const { map } of panels) map.open(centre, zoom);
    this.panels = panels;
  }

  /** @param {Model} model @param {PanelsHandlers} handlers */
  panelOf(model, { chosen, dragged, moved }) {
    const panel = new Panel(this.parent, model, {
      chosen,
      dragged,
      pointed: (point) => this.panels.forEach(({ probe }) => probe.point(point)),
      moved: (centre, zoom, animate) => {
        if (this.isTurning || !this.panels.includes(panel)) return;
        this.look(centre, zoom, animate, panel);
        moved(centre, zoom);
      },
    });
    return panel;
  }

  /**
   * A zoom that every map has: the given one within their range, or the usual one for null.
   *
   * @param {number | null} zoom
   */
  zoomFor(zoom) {
    const usual = Math.min(...this.panels.map(({ map }) => map.usualZoom()));
    const { minzoom, maxzoom } = this.panels[0].model.tiles;
    return Math.max(minzoom, Math.min(zoom ?? usual, maxzoom));
  }

  /**
   * Turn all maps to a place, except one that is there already.
   *
   * @param {Point} centre
   * @param {number} zoom
   * @param {boolean} animate
   * @param {Panel | null} except
   */
  look(centre, zoom, animate = false, except = null) {
    this.isTurning = true;
    for (const panel of this.panels) {
      if (panel !== except) panel.map.look(centre, zoom, animate);
    }
    this.isTurning = false;
  }

  /** @param {View} view */
  showLayers({ off, hidden }) {
    for (const { map } of this.panels) map.showLayers(off, hidden);
  }

  /**
   * Draw the path of each model, and tell where its points lie.
   *
   * @param {View} view
   */
  showPath({ points: places, method, steps }) {
    const isMovable = places.map((place) => typeof place !== "string");
    return this.panels.map(({ model, map }) => {
      const own = places.map((place) => model.pointOf(place));
      const points = own.filter((point) => point !== null);
      map.showPath(own, isMovable, pathThrough(points, method, LINE_DETAIL * steps));
      return { model, points, method, steps };
    });
  }

  /** @param {(model: string) => PlacedPicture[]} placesIn */
  showPictures(placesIn) {
    for (const { model, map } of this.panels) map.showPictures(placesIn(model.name));
  }
}
