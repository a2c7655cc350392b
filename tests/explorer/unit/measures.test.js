import assert from "node:assert/strict";
import { test } from "node:test";
import { bestOf, compare, mostTelling } from "../../../service/explorer/measures.js";

/** @import { Measure } from "../../../service/explorer/answers.js" */

/** @param {string} name @param {number} value @returns {Measure} */
function measure(name, value, better = /** @type {Measure["better"]} */ ("lower")) {
  return { name, value, unit: "", better, sentence: "" };
}

test("measures are lined up by name, with a gap where a model has none", () => {
  const [error, kl, spread] = [measure("error", 2), measure("kl", 7), measure("spread", 1)];
  const otherError = measure("error", 3);

  const comparisons = compare([
    [error, kl],
    [otherError, spread],
  ]);

  assert.deepEqual(
    comparisons.map(({ found }) => found),
    [
      [error, otherError],
      [kl, undefined],
      [undefined, spread],
    ],
  );
});

test("what differs most comes first, relative to the larger value", () => {
  const comparisons = compare([
    [measure("tenth", 100), measure("half", -1), measure("none", 0), measure("alone", 9)],
    [measure("tenth", 90), measure("half", -2), measure("none", 0)],
  ]);

  const names = mostTelling(comparisons, 2).map((comparison) => comparison.measure.name);

  assert.deepEqual(names, ["half", "tenth"]);
});

test("the best is the lowest or the highest, as the measure says", () => {
  /** @param {Measure["better"]} better */
  const best = (better) =>
    bestOf(compare([[measure("m", 1, better)], [measure("m", 2, better)]])[0])?.value;

  assert.equal(best("lower"), 1);
  assert.equal(best("higher"), 2);
  assert.equal(best("neither"), undefined);
});

test("an older measure that was best for blurred pictures has no best value", () => {
  for (const name of ["smoothness", "abruptness", "midway_realism"]) {
    const [comparison] = compare([[measure(name, 1)], [measure(name, 2)]]);

    assert.equal(bestOf(comparison), null);
    assert.equal(comparison.measure.better, "neither");
  }
});

test("one model alone has no best value", () => {
  assert.equal(bestOf(compare([[measure("m", 1)]])[0]), null);
});
