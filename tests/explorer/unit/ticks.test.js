import assert from "node:assert/strict";
import { test } from "node:test";
import { tickStep, ticks } from "../../../service/explorer/ticks.js";
import { assertClose } from "./approx.js";

test("a step is the next of 1, 2 and 5 times a power of ten", () => {
  const steps = [0.0003, 0.03, 0.7, 1, 1.1, 2, 2.1, 5.1, 30].map(tickStep);

  assertClose(steps, [0.0005, 0.05, 1, 1, 2, 2, 5, 10, 50]);
});

test("ticks are the multiples of the step within the ends", () => {
  const found = ticks(-1.1, 1, 0.5);

  assert.deepEqual(
    found.map(({ value }) => value),
    [-1, -0.5, 0, 0.5, 1],
  );
});

test("labels have the decimals of the step, and no -0", () => {
  /** @param {number} lower @param {number} upper @param {number} step */
  const labels = (lower, upper, step) => ticks(lower, upper, step).map(({ text }) => text);

  assert.deepEqual(labels(-0.05, 0.1, 0.05), ["-0.05", "0.00", "0.05", "0.10"]);
  assert.deepEqual(labels(-20, 20, 20), ["-20", "0", "20"]);
  assert.ok(Object.is(ticks(-0.5, 0.5, 1)[0].value, 0));
});
