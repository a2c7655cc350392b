import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clampSteps,
  formatView,
  parseView,
  roundPoint,
  shownPoint,
  toggled,
} from "../../../service/explorer/view.js";
import { assertClose } from "./approx.js";

/** @import { Point } from "../../../service/explorer/plane.js" */

const PICTURE_PIXELS = 28; // at every zoom; pictures lie 2^(8 - zoom) apart

test("an empty address is the default view", () => {
  assert.deepEqual(parseView(""), {
    models: [],
    centre: [0, 0],
    zoom: null,
    points: [],
    hidden: [],
    off: [],
    method: "linear",
    steps: 8,
  });
  assert.equal(formatView(parseView("")), "#");
});

for (const fragment of [
  "#models=vae,ae&at=0,0&zoom=9",
  "#models=ae&at=-1.25,0.5&zoom=11&points=1,2;@Sandal&hide=3,4&off=axes&steps=5",
  "#points=2,0;0,2;-2,0&off=pictures,points&method=spherical&steps=4",
  "#points=@T-shirt%2Ftop;@a%2Bb;@c%26d",
]) {
  test(`${fragment} is read and written unchanged`, () => {
    assert.equal(formatView(parseView(fragment)), fragment);
  });
}

test("classes keep their names, with reserved characters in them", () => {
  const names = ["T-shirt/top", "a+b", "c&d", "e=f", "50%"];

  const view = parseView(formatView({ ...parseView(""), points: names }));

  assert.deepEqual(view.points, names);
});

test("malformed parts count as missing", () => {
  const view = parseView("#at=1&zoom=x&points=1,2,3;,;2000,0;@;1,1&hide=a,2&off=axes,sea&steps=-3");

  assert.deepEqual(view, {
    ...parseView(""),
    points: [[1, 1]],
    hidden: [2],
    off: ["axes"],
    steps: 1,
  });
});

test("at most two models are compared", () => {
  assert.deepEqual(parseView("#models=a,b,c").models, ["a", "b"]);
});

test("steps are whole and within 1 and 32", () => {
  assert.deepEqual([0, 2.6, 99, Number.NaN].map(clampSteps), [1, 3, 32, 8]);
});

test("rounding moves a point by less than half a screen pixel at every zoom", () => {
  /** @type {Point} */
  const point = [Math.PI * 100, -Math.E];

  for (let zoom = 0; zoom <= 26; zoom += 1) {
    const pixel = 2 ** (8 - zoom) / PICTURE_PIXELS;
    assertClose(roundPoint(point, zoom), point, pixel / 2);
  }
});

test("rounding leaves out digits that no pixel shows, and never gives -0", () => {
  assert.deepEqual(roundPoint([0.123456, 7], 0), [0.12, 7]);
  assert.deepEqual(roundPoint([0.123456, -1e-9], 8), [0.123, 0]);
  assert.deepEqual(roundPoint([0.123456, 2], 10), [0.1235, 2]);
});

test("people see two decimals, without a negative zero", () => {
  assert.equal(shownPoint([-0.001, 1.5]), "(0.00, 1.50)");
});

test("toggling twice gives the same list", () => {
  assert.deepEqual(toggled([1, 2], 3), [1, 2, 3]);
  assert.deepEqual(toggled(toggled([1, 2], 3), 3), [1, 2]);
});
