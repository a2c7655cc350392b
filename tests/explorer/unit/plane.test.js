import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromMap, planeOf, stepAt, tileSizeOf, toMap } from "../../../service/explorer/plane.js";
import { assertClose } from "./approx.js";

/**
 * @import { TileJson } from "../../../service/explorer/answers.js"
 * @import { Point } from "../../../service/explorer/plane.js"
 */

// As the service describes a model of 28 x 28 pixels.
/** @type {TileJson} */
const TILES = {
  minzoom: 0,
  maxzoom: 26,
  tile_size: 224,
  latent: { minimum: [-1024, -1024], maximum: [1024, 1024], step_at_zoom_0: 256 },
};
const TILE_SIZE = tileSizeOf(TILES, { width: 28, height: 28 });
const PLANE = planeOf(TILES, TILE_SIZE);

/** @param {Point} point @param {number} zoom @returns {Point} */
function pixelOf(point, zoom) {
  const { x, y } = PLANE.latLngToPoint(toMap(point), zoom);
  return [x, y];
}

test("a tile is as high as its pictures are", () => {
  const wide = tileSizeOf({ ...TILES, tile_size: 256 }, { width: 32, height: 16 });

  assert.deepEqual([TILE_SIZE.x, TILE_SIZE.y], [224, 224]);
  assert.deepEqual([wide.x, wide.y], [256, 128]);
});

test("each zoom halves the step, which is 1 at zoom 8", () => {
  assert.deepEqual(
    [0, 8, 9, 10].map((zoom) => stepAt(TILES, zoom)),
    [256, 1, 0.5, 0.25],
  );
});

test("tile 0/0/0 is the whole world, with its top left corner at the origin", () => {
  assertClose(pixelOf([-1024, 1024], 0), [0, 0]);
  assertClose(pixelOf([1024, -1024], 0), [224, 224]);
});

test("a step right and a step up are the width and the height of a picture", () => {
  for (const zoom of [4, 8, 12]) {
    const step = stepAt(TILES, zoom);
    const [x, y] = pixelOf([0, 0], zoom);
    assertClose(pixelOf([step, 0], zoom), [x + 28, y]);
    assertClose(pixelOf([0, step], zoom), [x, y - 28]);
  }
});

test("a point goes to a pixel and back", () => {
  /** @type {Point[]} */
  const points = [
    [0, 0],
    [1.25, -0.5],
    [-31.9, 3.14159],
  ];
  for (const zoom of [0, 9, 26]) {
    for (const point of points) {
      const pixel = PLANE.latLngToPoint(toMap(point), zoom);
      assertClose(fromMap(PLANE.pointToLatLng(pixel, zoom)), point, 1e-10);
    }
  }
});

test("a point is in the tile that the service draws there", () => {
  /** @type {Point} */
  const [x, y] = [0.3, -2.7];
  const width = 2048 / 2 ** 10; // of a tile, in latent units

  const [pixelX, pixelY] = pixelOf([x, y], 10);

  assert.equal(Math.floor(pixelX / 224), Math.floor((x + 1024) / width));
  assert.equal(Math.floor(pixelY / 224), Math.floor((1024 - y) / width));
});

test("pictures that are not square keep their shape", () => {
  const size = tileSizeOf(TILES, { width: 28, height: 14 });
  const plane = planeOf(TILES, size);

  const origin = plane.latLngToPoint(toMap([0, 0]), 8);
  const { x, y } = plane.latLngToPoint(toMap([1, 1]), 8).subtract(origin);

  assertClose([x, y], [28, -14]);
});
