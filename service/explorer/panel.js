/** One model on the page: what is known of it, its map and the card at the pointer. */

import { LatentMap } from "./latent_map.js";
import { stepAt } from "./plane.js";
import { Probe } from "./probe.js";
import { loadReference } from "./reference.js";
import { callForBlob, callForJson, curlCommand } from "./service.js";
import { actionsFor, download } from "./sharing.js";

const KINDS = {
  vae: "A variational autoencoder was taught to fill the plane as a normal distribution does.",
  ae: "An autoencoder was only taught to redraw its pictures; where they lie was left to it.",
  dae: "A denoising autoencoder was taught to redraw pictures from noisy ones.",
};

/** All that a panel needs of a model. */
export async function loadPanel(name) {
  const path = encodeURIComponent(name);
  const [details, tiles, statistics, reference] = await Promise.all([
    callForJson(`models/${path}`),
    callForJson(`tiles/${path}.json`),
    callForJson(`models/${path}/statistics`),
    loadReference(name),
  ]);
  return new Panel(details, tiles, statistics, reference);
}

class Panel {
  constructor(details, tiles, statistics, reference) {
    this.name = details.name;
    this.title = `${details.name} (${details.kind.toUpperCase()})`;
    this.supportDistance = details.support_distance;
    this.details = details;
    this.tiles = tiles;
    this.statistics = statistics;
    this.reference = reference;
    this.gridFile = `${details.name}-grid.png`;
  }

  /** Add the panel to the page, without its map. */
  place(parent) {
    const root = document.getElementById("panel").content.firstElementChild.cloneNode(true);
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    part("title").textContent = this.title;
    part("kind").textContent = KINDS[this.details.kind];
    root.append(
      actionsFor(
        () => this.gridCommand(),
        () => this.saveGrid(),
      ),
    );
    this.container = part("map");
    this.container.ariaLabel = `Latent plane of ${this.title}. Arrow keys move, plus and minus zoom, Enter places a point.`;
    parent.append(root);
  }

  /** Open the map at a view; `handlers` are those of LatentMap. */
  open(view, handlers) {
    this.map = new LatentMap(
      this.container,
      this.details,
      this.tiles,
      this.reference,
      view,
      handlers,
    );
    this.probe = new Probe(this.map, this, this.reference);
  }

  /** Where a place of the view lies in this model's plane; null for a class it does not know. */
  pointOf(place) {
    return typeof place === "string" ? this.reference.typicalPoint(place) : place;
  }

  /** The pictures whose cells lie wholly in the map, as /grid draws them. */
  gridPath() {
    const step = stepAt(this.tiles, this.map.zoom);
    const query = new URLSearchParams({ model: this.name });
    for (const [axis, count] of [
      ["x", "columns"],
      ["y", "rows"],
    ]) {
      const [lower, upper] = this.map.bounds[axis];
      const first = Math.ceil(lower / step) + 0.5;
      const last = Math.max(first, Math.floor(upper / step) - 0.5);
      // A single row or column lies in the middle of its bounds, which must differ.
      const margin = first === last ? 1 : 0;
      query.set(count, last - first + 1);
      query.set(`${axis}_min`, (first - margin) * step);
      query.set(`${axis}_max`, (last + margin) * step);
    }
    return `grid?${query}`;
  }

  gridCommand() {
    return curlCommand(this.gridPath(), { output: this.gridFile });
  }

  async saveGrid() {
    download(await callForBlob(this.gridPath()), this.gridFile);
  }
}
