/** The latent plane as a Leaflet map: where a point lies in the world of tiles, and back. */

import { CRS, Point as Pixels, Transformation, Util, latLng } from "./leaflet.js";

/**
 * @import { ImageShape, TileJson } from "./answers.js"
 * @import { LatLng } from "./leaflet.js"
 *
 * @typedef {[number, number]} Point x and y in latent units
 */

/**
 * Width and height of a tile in pixels.
 *
 * @param {TileJson} tiles
 * @param {ImageShape} image
 */
export function tileSizeOf({ tile_size: width }, image) {
  return new Pixels(width, (width / image.width) * image.height);
}

/**
 * The latent step between two pictures at a zoom.
 *
 * @param {TileJson} tiles
 * @param {number} zoom
 */
export function stepAt({ latent }, zoom) {
  return latent.step_at_zoom_0 / 2 ** zoom;
}

/**
 * A coordinate system in which tile 0/0/0 is the whole world of the TileJSON.
 *
 * @param {TileJson} tiles
 * @param {Pixels} tileSize
 * @returns {CRS}
 */
export function planeOf({ latent }, tileSize) {
  const [left, bottom] = latent.minimum;
  const [right, top] = latent.maximum;
  const [x, y] = [tileSize.x / (right - left), tileSize.y / (top - bottom)];
  const transformation = new Transformation(x, -left * x, -y, top * y);
  return Util.extend({}, CRS.Simple, { transformation });
}

/** @param {Point} point */
export function toMap([x, y]) {
  return latLng(y, x);
}

/**
 * @param {LatLng} place
 * @returns {Point}
 */
export function fromMap({ lat, lng }) {
  return [lng, lat];
}
