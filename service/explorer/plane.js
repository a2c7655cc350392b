/** The latent plane as a map: where a point lies in the world of tiles, and back. */

import {
  CRS,
  Transformation,
  Util,
  latLng,
  point,
} from "./vendor/leaflet-1.9.4/leaflet-src.esm.js";

/** Width and height of a tile in pixels, from a model's TileJSON and the shape of its pictures. */
export function tileSizeOf({ tile_size: width }, image) {
  return point(width, (width / image.width) * image.height);
}

/** The latent step between two pictures at a zoom. */
export function stepAt({ latent }, zoom) {
  return latent.step_at_zoom_0 / 2 ** zoom;
}

/** The plane as a map whose tile 0/0/0 is the whole world of the TileJSON. */
export function planeOf({ latent }, tileSize) {
  const [left, bottom] = latent.minimum;
  const [right, top] = latent.maximum;
  const [x, y] = [tileSize.x / (right - left), tileSize.y / (top - bottom)];
  const transformation = new Transformation(x, -left * x, -y, top * y);
  return Util.extend({}, CRS.Simple, { transformation });
}

/** A latent point as the map's coordinates. */
export function toMap([x, y]) {
  return latLng(y, x);
}

/** The map's coordinates as a latent point. */
export function fromMap({ lat, lng }) {
  return [lng, lat];
}
