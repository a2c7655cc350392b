import assert from "node:assert/strict";
import { test } from "node:test";
import { Model, chooseModels } from "../../../service/explorer/model.js";
import { Reference } from "../../../service/explorer/reference.js";

/** @import { ModelSummary, ReferenceSet } from "../../../service/explorer/answers.js" */

/** @param {string} name @param {ModelSummary["kind"]} kind @returns {ModelSummary} */
const served = (name, kind) => ({ name, kind, latent_dim: 2 });

/** @type {ReferenceSet} */
const DATA = {
  class_names: ["Bag", "Coat", "Dress"],
  coordinates: [
    [0, 0],
    [1, 1],
    [9, 9],
    [4, 0],
  ],
  labels: [0, 0, 0, 1],
  thumbnails: { columns: 2, width: 28, height: 28 },
};
const NO_MOSAIC = /** @type {ImageBitmap} */ (/** @type {unknown} */ (null));
const REFERENCE = new Reference(DATA, NO_MOSAIC);
const MODEL = new Model(
  {
    ...served("lab", "vae"),
    image: { width: 28, height: 28 },
    class_names: DATA.class_names,
    support_distance: 1,
  },
  {
    minzoom: 0,
    maxzoom: 26,
    tile_size: 224,
    latent: { minimum: [-1024, -1024], maximum: [1024, 1024], step_at_zoom_0: 256 },
  },
  { measures: [] },
  REFERENCE,
);

test("the wanted models are chosen, as far as they are served", () => {
  const models = [served("a", "ae"), served("b", "vae")];

  assert.deepEqual(chooseModels(["b", "x", "a"], models), ["b", "a"]);
});

test("without a wish, a VAE is compared with an AE", () => {
  const models = [served("a", "ae"), served("d", "dae"), served("v", "vae")];

  assert.deepEqual(chooseModels([], models), ["v", "a"]);
  assert.deepEqual(chooseModels(["x"], models), ["v", "a"]);
});

test("without a VAE or an AE, the first models are compared", () => {
  assert.deepEqual(chooseModels([], [served("one", "dae")]), ["one"]);
  assert.deepEqual(chooseModels([], [served("one", "dae"), served("two", "dae")]), ["one", "two"]);
});

test("a single model is not compared with itself", () => {
  assert.deepEqual(chooseModels([], [served("one", "ae")]), ["one"]);
});

test("the nearest reference point is found with its distance", () => {
  assert.deepEqual(REFERENCE.nearest([4, 3]), { index: 3, distance: 3 });
  assert.equal(REFERENCE.className(3), "Coat");
});

test("a class's typical picture is the one nearest to its median", () => {
  assert.deepEqual(MODEL.pointOf("Bag"), [1, 1]); // the mean, (10/3, 10/3), is pulled to (9, 9)
  assert.equal(MODEL.pointOf("Dress"), null);
  assert.deepEqual(MODEL.pointOf([7, 8]), [7, 8]);
});

test("data is near up to the support distance", () => {
  assert.equal(MODEL.isNearData([4, 1]), true);
  assert.equal(MODEL.isNearData([4, 1.01]), false);
});
