import assert from "node:assert/strict";
import { test } from "node:test";
import { gridPath } from "../../../service/explorer/grid.js";

/** @import { Bounds } from "../../../service/explorer/grid.js" */

/** @param {Bounds} bounds @param {number} step */
function queryOf(bounds, step) {
  const { model, ...numbers } = Object.fromEntries(
    new URLSearchParams(gridPath("vae", bounds, step).replace("grid?", "")),
  );
  assert.equal(model, "vae");
  return Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, Number(value)]));
}

test("the grid goes from the centre of the first cell to that of the last", () => {
  assert.deepEqual(queryOf({ x: [-4, 4], y: [-2, 1] }, 1), {
    columns: 8,
    x_min: -3.5,
    x_max: 3.5,
    rows: 3,
    y_min: -1.5,
    y_max: 0.5,
  });
});

test("cells that are cut off are left out", () => {
  const query = queryOf({ x: [-1.2, 2.3], y: [0, 1] }, 0.5);

  assert.deepEqual([query.columns, query.x_min, query.x_max], [6, -0.75, 1.75]);
});

test("a single cell is in the middle of bounds that differ", () => {
  const query = queryOf({ x: [0, 1], y: [0.4, 1.6] }, 1);

  assert.deepEqual([query.columns, query.x_min, query.x_max], [1, -0.5, 1.5]);
  assert.deepEqual([query.rows, query.y_min, query.y_max], [1, 0.5, 2.5]);
});
