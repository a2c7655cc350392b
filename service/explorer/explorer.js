/** Keeps one view, shows it in all parts of the page, and writes it into the address. */

import { Controls } from "./controls.js";
import { byId } from "./elements.js";
import { showLegend } from "./legend.js";
import { chooseModels, loadModel } from "./model.js";
import { Panels } from "./panels.js";
import { listenForPictures } from "./picture_input.js";
import { Pictures } from "./pictures.js";
import { showPlaces } from "./places.js";
import { showDifferences, showStatistics } from "./statistics.js";
import { announce } from "./status.js";
import { Strips } from "./strips.js";
import { showTour } from "./tour.js";
import { formatView, parseView, roundPoint, toggled } from "./view.js";

/**
 * @import { ModelSummary } from "./answers.js"
 * @import { Point } from "./plane.js"
 * @import { Place } from "./view.js"
 */

export class Explorer {
  /**
   * @param {ModelSummary[]} served the models that have a plane
   * @param {(error: Error) => void} report called with what went wrong
   */
  constructor(served, report) {
    this.served = served;
    this.report = report;
    this.view = this.readAddress();
    this.panels = new Panels(byId("maps", HTMLElement));
    this.controls = new Controls();
    this.strips = new Strips(byId("strips", HTMLElement));
    this.pictures = new Pictures(byId("pictures", HTMLElement), () => this.showPictures());
  }

  /** Show the view of the address, then react to the visitor. */
  async start() {
    await this.openModels();
    this.listenToControls();
    listenForPictures((files, polarity) => {
      this.pictures.add(files, polarity).catch(this.report);
    });
    addEventListener("hashchange", () => this.followAddress().catch(this.report));
  }

  /** The view in the address, with models that are served. */
  readAddress() {
    const view = parseView(location.hash);
    const names = this.served.map(({ name }) => name);
    const unknown = view.models.filter((name) => !names.includes(name));
    if (unknown.length) announce(`No model ${unknown.join(", ")} is served.`);
    view.models = chooseModels(view.models, this.served);
    return view;
  }

  /** Show the models of the view, unless others are chosen while they load. */
  async openModels() {
    const { models: names } = this.view;
    const models = await Promise.all(names.map(loadModel));
    if (names !== this.view.models) return;
    this.panels.open(models, this.view, {
      moved: (centre, zoom) => this.look(centre, zoom),
      chosen: (point) => this.setPoint(this.view.points.length, point),
      dragged: (index, point) => this.setPoint(index, point),
    });
    this.show();
    showTour(models);
    showDifferences(byId("differences", HTMLElement), models);
    showStatistics(byId("figures", HTMLElement), models);
    await this.pictures.useModels(names);
  }

  listenToControls() {
    this.controls.listen({
      modelsChosen: (names) => {
        this.view.models = names;
        this.openModels().catch(this.report);
      },
      layerToggled: (layer) => {
        this.view.off = toggled(this.view.off, layer);
        this.showLayers();
      },
      methodChosen: (method, steps) => {
        Object.assign(this.view, { method, steps });
        this.showPath();
      },
      pathChosen: (points) => this.setPath(points),
    });
  }

  /** React to a changed address: a link, the back button, or one typed by hand. */
  async followAddress() {
    if (location.hash === formatView(this.view)) return;
    const before = this.view.models;
    this.view = this.readAddress();
    if (this.view.models.join() === before.join()) this.show();
    else await this.openModels();
  }

  /** Show the whole view. */
  show() {
    this.view.zoom = this.zoom;
    this.controls.fill(
      this.view,
      this.served.map(({ name }) => name),
      this.classNames,
    );
    this.panels.look(this.view.centre, this.zoom);
    this.showLayers();
    this.showPath();
    this.showPictures();
  }

  showLayers() {
    this.panels.showLayers(this.view);
    const { hidden } = this.view;
    showLegend(byId("classes", HTMLElement), this.classNames, hidden, (label) => {
      this.view.hidden = toggled(hidden, label).toSorted((one, other) => one - other);
      this.showLayers();
    });
    this.writeAddress();
  }

  showPath() {
    this.strips.show(this.panels.showPath(this.view));
    showPlaces(this.view.points, (index) => this.setPath(this.view.points.toSpliced(index, 1)));
    this.writeAddress();
  }

  showPictures() {
    this.panels.showPictures((model) => this.pictures.placesIn(model));
  }

  /** @param {Point} centre @param {number} zoom */
  look(centre, zoom) {
    this.view.centre = centre;
    this.view.zoom = zoom;
    this.writeAddress();
  }

  /** @param {Place[]} points */
  setPath(points) {
    this.view.points = points;
    this.showPath();
  }

  /** @param {number} index @param {Point} point */
  setPoint(index, point) {
    this.setPath(this.view.points.toSpliced(index, 1, roundPoint(point, this.zoom)));
  }

  get zoom() {
    return this.panels.zoomFor(this.view.zoom);
  }

  get classNames() {
    return this.panels.models[0].classNames;
  }

  writeAddress() {
    history.replaceState(null, "", formatView(this.view));
  }
}
