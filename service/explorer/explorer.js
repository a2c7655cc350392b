/** The page's parts kept together: one view, shown by all of them and written into the address. */

import { button } from "./elements.js";
import { pathThrough } from "./interpolation.js";
import { showLegend } from "./legend.js";
import { loadPanel } from "./panel.js";
import { PathStrips } from "./path.js";
import { Pictures } from "./pictures.js";
import { announce, copy } from "./sharing.js";
import { setUpSketch } from "./sketch.js";
import { showDifferences, showStatistics } from "./statistics.js";
import { clampSteps, formatPoint, formatView, parseView } from "./view.js";

const SMOOTH = 8; // points of the line on the map for a picture of the strip
const element = (id) => document.getElementById(id);

export class Explorer {
  /** `models`: those of /models that have a plane; `report(error)` tells what went wrong. */
  constructor(models, report) {
    this.models = models;
    this.report = report;
    this.panels = [];
    this.view = this.completed(parseView(location.hash));
    this.strips = new PathStrips(element("strips"));
    this.pictures = new Pictures(element("pictures"), () => this.placePictures());
  }

  /** Show the view of the address, then follow what people do. */
  async start() {
    await this.openModels();
    this.listenToControls();
    this.listenForPictures();
    addEventListener("hashchange", () => this.follow().catch(this.report));
  }

  /** The view with models that exist: those it names, or a VAE and an AE. */
  completed(view) {
    const names = this.models.map(({ name }) => name);
    const unknown = view.models.filter((name) => !names.includes(name));
    if (unknown.length) announce(`No model ${unknown.join(", ")} is served.`);
    view.models = view.models.filter((name) => names.includes(name));
    if (view.models.length === 0) {
      const of = (kind) => this.models.find((model) => model.kind === kind)?.name;
      const first = of("vae") ?? names[0];
      const second = of("ae") ?? names.find((name) => name !== first);
      view.models = [first, second].filter(Boolean);
    }
    return view;
  }

  /** Build a panel for each model of the view, unless others are chosen meanwhile. */
  async openModels() {
    const { models } = this.view;
    const panels = await Promise.all(models.map(loadPanel));
    if (models !== this.view.models) return;
    for (const { map } of this.panels) map.remove();
    element("maps").replaceChildren();
    element("maps").classList.toggle("single", panels.length === 1);
    // All places first: a map fits its view to the size that it finds.
    for (const panel of panels) panel.place(element("maps"));
    for (const panel of panels) panel.open(this.view, this.handlersOf(panel));
    this.panels = panels;
    this.completeZoom();
    this.fillControls();
    this.showTour();
    this.show();
    showDifferences(element("differences"), panels);
    showStatistics(element("figures"), panels);
    await this.pictures.useModels(models);
  }

  handlersOf(panel) {
    return {
      moved: (centre, zoom, animate) => this.moved(panel, centre, zoom, animate),
      chosen: (point) => this.setPoint(this.view.points.length, point),
      pointed: (point) => this.panels.forEach(({ probe }) => probe.point(point)),
      dragged: (index, point) => this.setPoint(index, point),
    };
  }

  /** A zoom where none was given, one that there is where it was out of range. */
  completeZoom() {
    const usual = Math.min(...this.panels.map(({ map }) => map.usualZoom()));
    const { minzoom, maxzoom } = this.panels[0].tiles;
    this.view.zoom = Math.max(minzoom, Math.min(this.view.zoom ?? usual, maxzoom));
  }

  /** One map moved: the others follow, the address too. */
  moved(panel, centre, zoom, animate) {
    if (this.isFollowing || !this.panels.includes(panel)) return;
    this.view.centre = centre;
    this.view.zoom = zoom;
    this.lookAt(animate, panel);
    this.remember();
  }

  /** Of what there is to see, leave out what needs classes that the models do not know. */
  showTour() {
    for (const item of document.querySelectorAll("[data-classes]")) {
      const needed = item.dataset.classes.split(",");
      item.hidden = !this.panels.every(({ details }) =>
        needed.every((name) => details.class_names.includes(name)),
      );
    }
  }

  /** Turn all maps, but for one that is there already, to the view. */
  lookAt(animate = false, except = null) {
    this.isFollowing = true;
    for (const panel of this.panels) {
      if (panel !== except) panel.map.look(this.view.centre, this.view.zoom, animate);
    }
    this.isFollowing = false;
  }

  /** Put a point of the path, as precise as the map tells. */
  setPoint(index, point) {
    this.view.points[index] = formatPoint(point, this.view.zoom).split(",").map(Number);
    this.showPath();
  }

  /** Show the view in all parts. */
  show() {
    this.lookAt();
    this.showLayers();
    this.showPath();
    this.placePictures();
  }

  showLayers() {
    const { off, hidden } = this.view;
    for (const { map } of this.panels) map.show(off, hidden);
    showLegend(element("classes"), this.panels[0].details.class_names, hidden, (label) => {
      this.view.hidden = toggled(hidden, label).toSorted((one, other) => one - other);
      this.showLayers();
    });
    this.remember();
  }

  showPath() {
    const { points, method, steps } = this.view;
    const isMovable = points.map((place) => typeof place !== "string");
    for (const panel of this.panels) {
      const own = points.map((place) => panel.pointOf(place));
      panel.points = own.filter((point) => point !== null);
      panel.map.showPath(own, isMovable, pathThrough(panel.points, method, SMOOTH * steps));
    }
    this.showPlaces();
    this.strips.show(this.panels, method, steps);
    this.remember();
  }

  showPlaces() {
    const items = this.view.points.map((place, index) => {
      const item = document.createElement("li");
      const remove = button("×", () => {
        this.view.points.splice(index, 1);
        this.showPath();
      });
      remove.ariaLabel = `Remove point ${index + 1}`;
      item.append(typeof place === "string" ? place : `(${place.join(", ")})`, " ", remove);
      return item;
    });
    element("places").replaceChildren(...items);
    element("path-empty").hidden = items.length > 0;
    element("clear").hidden = items.length === 0;
  }

  placePictures() {
    for (const { name, map } of this.panels) map.showPictures(this.pictures.placesIn(name));
  }

  fillControls() {
    const fill = (id, options, chosen) => {
      element(id).replaceChildren(...options.map(([value, text]) => new Option(text, value)));
      element(id).value = chosen;
    };
    const names = this.models.map(({ name }) => [name, name]);
    const classes = this.panels[0].details.class_names.map((name) => [name, name]);
    fill("first", names, this.view.models[0]);
    fill("second", [...names, ["", "nothing"]], this.view.models[1] ?? "");
    fill("from", classes, classes[0][0]);
    fill("to", classes, classes.at(-1)[0]);
    element("method").value = this.view.method;
    element("steps").value = this.view.steps;
    for (const box of document.querySelectorAll("[name=layer]")) {
      box.checked = !this.view.off.includes(box.value);
    }
  }

  listenToControls() {
    const on = (id, event, act) => element(id).addEventListener(event, act);
    for (const id of ["first", "second"]) {
      on(id, "change", () => {
        this.view.models = [element("first").value, element("second").value].filter(Boolean);
        this.openModels().catch(this.report);
      });
    }
    for (const box of document.querySelectorAll("[name=layer]")) {
      box.addEventListener("change", () => {
        this.view.off = toggled(this.view.off, box.value);
        this.showLayers();
      });
    }
    for (const id of ["method", "steps"]) {
      on(id, "change", () => {
        this.view.method = element("method").value;
        this.view.steps = clampSteps(element("steps").valueAsNumber);
        element("steps").value = this.view.steps;
        this.showPath();
      });
    }
    on("walk", "click", () => this.setPath([element("from").value, element("to").value]));
    on("clear", "click", () => this.setPath([]));
    on("link", "click", () => copy(location.href));
  }

  setPath(points) {
    this.view.points = points;
    this.showPath();
  }

  listenForPictures() {
    const add = (files, polarity) => this.pictures.add([...files], polarity).catch(this.report);
    element("files").addEventListener("change", ({ target }) => {
      add(target.files);
      target.value = "";
    });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length === 0) announce("Only files can be dropped here.");
      add(event.dataTransfer.files);
    });
    addEventListener("paste", ({ clipboardData }) => add(clipboardData.files));
    element("draw").addEventListener("click", () => element("sketch").showModal());
    setUpSketch(element("sketch"), (file) => add([file], "keep"));
  }

  /** The address was changed: by a link of the page, by hand, or by going back. */
  async follow() {
    if (location.hash === formatView(this.view)) return;
    const before = this.view.models;
    this.view = this.completed(parseView(location.hash));
    if (this.view.models.join() !== before.join()) {
      await this.openModels();
      return;
    }
    this.completeZoom();
    this.fillControls();
    this.show();
  }

  remember() {
    history.replaceState(null, "", formatView(this.view));
  }
}

function toggled(values, value) {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}
