import assert from "node:assert/strict";
import { test } from "node:test";
import { pathThrough } from "../../../service/explorer/interpolation.js";
import { assertClose } from "./approx.js";

/**
 * @import { Method } from "../../../service/explorer/interpolation.js"
 * @import { Point } from "../../../service/explorer/plane.js"
 */

/** @type {Point[]} */
const POINTS = [
  [2, 0],
  [-1, 1.5],
  [0, 0],
  [1, -1.5],
];

/** @type {Method[]} */
const METHODS = ["linear", "spherical"];

for (const method of METHODS) {
  test(`a ${method} path passes through its points, with equal numbers of steps between`, () => {
    const path = pathThrough(POINTS, method, 5);

    assert.equal(path.length, 16);
    POINTS.forEach((point, index) => assertClose(path[5 * index], point));
  });

  test(`a ${method} path of one point is that point`, () => {
    assert.deepEqual(pathThrough([[1, 2]], method, 5), [[1, 2]]);
    assert.deepEqual(pathThrough([], method, 5), []);
  });
}

test("a linear path goes straight in equal steps", () => {
  const path = pathThrough(
    [
      [-2, 1],
      [2, 3],
    ],
    "linear",
    4,
  );

  assert.deepEqual(path, [
    [-2, 1],
    [-1, 1.5],
    [0, 2],
    [1, 2.5],
    [2, 3],
  ]);
});

test("a spherical path between equal lengths is an arc, turned by equal angles", () => {
  const path = pathThrough(
    [
      [2, 0],
      [0, 2],
    ],
    "spherical",
    3,
  );

  path.forEach((point, step) => {
    const angle = (step * Math.PI) / 6;
    assertClose(point, [2 * Math.cos(angle), 2 * Math.sin(angle)]);
  });
});

test("a spherical path changes its length in equal steps", () => {
  const path = pathThrough(
    [
      [1, 0],
      [0, 3],
    ],
    "spherical",
    2,
  );

  assertClose(path[1], [Math.SQRT2, Math.SQRT2]); // length 2 at 45 degrees
});

test("a spherical path takes the shorter way round", () => {
  const path = pathThrough(
    [
      [0, 1],
      [-1, -1e-3],
    ],
    "spherical",
    8,
  );

  assert.ok(path.every(([x]) => x <= 0));
});

test("where there is no arc, a spherical path goes straight", () => {
  /** @type {Point[][]} */
  const ends = [
    [
      [0, 0],
      [0, 3],
    ],
    [
      [1, 1],
      [-2, -2],
    ],
    [
      [1, 1],
      [3, 3],
    ],
  ];

  for (const pair of ends) {
    assert.deepEqual(pathThrough(pair, "spherical", 4), pathThrough(pair, "linear", 4));
  }
});
