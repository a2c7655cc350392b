import assert from "node:assert/strict";
import { test } from "node:test";
import { colourOf, traceMark } from "../../../service/explorer/palette.js";
import { assertClose } from "./approx.js";

const [X, Y, RADIUS] = [10, 20, 5];

/** What a class's mark adds to a path. @param {number} label */
function traceOf(label) {
  /** @type {number[][]} */
  const corners = [];
  /** @type {number[][]} */
  const arcs = [];
  const context = {
    /** @param {number[]} place */
    moveTo: (...place) => corners.push(place),
    /** @param {number[]} place */
    lineTo: (...place) => corners.push(place),
    /** @param {(number | boolean | undefined)[]} circle */
    arc: (...circle) => arcs.push(circle.map(Number)),
  };
  traceMark(context, label, X, Y, RADIUS);
  return { corners, arcs };
}

test("colours repeat after ten classes", () => {
  const colours = Array.from({ length: 20 }, (_, label) => colourOf(label));

  assert.equal(new Set(colours).size, 10);
  assert.deepEqual(colours.slice(10), colours.slice(0, 10));
});

test("forty classes look different", () => {
  const looks = Array.from({ length: 40 }, (_, label) => colourOf(label) + traceOf(label).corners);

  assert.equal(new Set(looks).size, 40);
});

test("the first ten classes are circles, begun on their rim", () => {
  assert.deepEqual(traceOf(9), {
    corners: [[X + RADIUS, Y]],
    arcs: [[X, Y, RADIUS, 0, 2 * Math.PI]],
  });
});

for (const [label, count] of [
  [10, 4],
  [20, 3],
  [30, 4],
]) {
  test(`class ${label} is a closed regular polygon of ${count} corners`, () => {
    const { corners } = traceOf(label);

    const distances = corners.map(([x, y]) => Math.hypot(x - X, y - Y));
    assert.equal(corners.length, count + 1);
    assertClose(corners[0], corners[count]);
    assertClose(distances, Array(count + 1).fill(1.2 * RADIUS));
  });
}
