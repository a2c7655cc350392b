/** One model on the page: its map, the card at the pointer, and its grid to copy or save. */

import { copyOf, partOf } from "./elements.js";
import { gridPath } from "./grid.js";
import { LatentMap } from "./latent_map.js";
import { stepAt } from "./plane.js";
import { Probe } from "./probe.js";
import { callForBlob, commandFor } from "./service.js";
import { actionsFor, download } from "./sharing.js";

/**
 * @import { MapHandlers } from "./latent_map.js"
 * @import { Model } from "./model.js"
 */

const KINDS = {
  vae: "A variational autoencoder is trained to fill the plane like a normal distribution.",
  ae: "An autoencoder is trained only to redraw its pictures; it may put them anywhere.",
  dae: "A denoising autoencoder is trained to redraw pictures from noisy ones.",
};

export class Panel {
  /**
   * Adds itself to the page. The map has no view until it is opened.
   *
   * @param {HTMLElement} parent
   * @param {Model} model
   * @param {MapHandlers} handlers
   */
  constructor(parent, model, handlers) {
    this.model = model;
    const root = copyOf("panel");
    partOf(root, "title", HTMLElement).textContent = model.title;
    partOf(root, "kind", HTMLElement).textContent = KINDS[model.kind];
    const container = partOf(root, "map", HTMLElement);
    container.ariaLabel = `Latent plane of ${model.title}. Arrow keys move, plus and minus zoom, Enter places a point.`;
    root.append(
      actionsFor(
        () => commandFor(this.gridPath(), { output: this.gridFile }),
        () => this.saveGrid(),
      ),
    );
    parent.append(root);
    this.map = new LatentMap(container, model, handlers);
    this.probe = new Probe(this.map, model);
  }

  get gridFile() {
    return `${this.model.name}-grid.png`;
  }

  gridPath() {
    const { name, tiles } = this.model;
    return gridPath(name, this.map.bounds, stepAt(tiles, this.map.zoom));
  }

  async saveGrid() {
    download(await callForBlob(this.gridPath()), this.gridFile);
  }
}
