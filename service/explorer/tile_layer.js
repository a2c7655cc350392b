/** A Leaflet layer of one model's tiles. */

import { DomUtil, GridLayer } from "./leaflet.js";
import { callForBlob } from "./service.js";

/**
 * @import { Coords, DoneCallback, GridLayerOptions } from "./leaflet.js"
 */

/**
 * Fetches tiles instead of setting the address of an <img>: the request can carry an API key, wait
 * while the service is busy, and stop once the tile has left the map.
 */
export class TileLayer extends GridLayer {
  /**
   * @param {string} model
   * @param {GridLayerOptions} options
   */
  constructor(model, options) {
    super(options);
    this.model = model;
    /** @type {WeakMap<HTMLElement, AbortController>} */
    this.requests = new WeakMap();
    this.on("tileunload", ({ tile }) => this.requests.get(tile)?.abort());
  }

  /**
   * @override
   * @param {Coords} place
   * @param {DoneCallback} done
   */
  createTile({ x, y, z }, done) {
    const tile = DomUtil.create("img");
    tile.alt = "";
    tile.draggable = false;
    tile.dataset.place = `${z}/${x}/${y}`;
    const request = new AbortController();
    this.requests.set(tile, request);
    const path = `tiles/${encodeURIComponent(this.model)}/${z}/${x}/${y}.png`;
    showPicture(tile, path, request.signal).then(
      () => done(undefined, tile),
      (error) => done(error, tile),
    );
    return tile;
  }
}

/**
 * @param {HTMLImageElement} tile
 * @param {string} path
 * @param {AbortSignal} signal
 */
async function showPicture(tile, path, signal) {
  const address = URL.createObjectURL(await callForBlob(path, { signal }));
  try {
    tile.src = address;
    await tile.decode();
  } finally {
    URL.revokeObjectURL(address);
  }
}
