/** The tiles of one model as a layer that asks for no more than is looked at. */

import { DomUtil, GridLayer } from "./vendor/leaflet-1.9.4/leaflet-src.esm.js";
import { callForBlob } from "./service.js";

/**
 * Tiles are fetched rather than given to <img>: so they carry a key, wait when the service is busy,
 * and are called off once they have left the map.
 */
export const TileLayer = GridLayer.extend({
  initialize(model, options) {
    GridLayer.prototype.initialize.call(this, options);
    this.model = model;
    this.on("tileunload", ({ tile }) => tile.calledOff.abort());
  },

  createTile({ x, y, z }, done) {
    const tile = DomUtil.create("img");
    tile.alt = "";
    tile.draggable = false;
    tile.dataset.place = `${z}/${x}/${y}`;
    tile.calledOff = new AbortController();
    const path = `tiles/${encodeURIComponent(this.model)}/${z}/${x}/${y}.png`;
    showPicture(tile, path, tile.calledOff.signal).then(
      () => done(null, tile),
      (error) => done(error, tile),
    );
    return tile;
  },
});

async function showPicture(tile, path, signal) {
  const address = URL.createObjectURL(await callForBlob(path, { signal }));
  try {
    tile.src = address;
    await tile.decode();
  } finally {
    URL.revokeObjectURL(address);
  }
}
