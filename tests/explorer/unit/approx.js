/** Comparing numbers that rounding may change. */

import assert from "node:assert/strict";

/**
 * @param {readonly number[]} actual
 * @param {readonly number[]} expected
 * @param {number} tolerance
 */
export function assertClose(actual, expected, tolerance = 1e-12) {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, index) => {
    const difference = Math.abs(value - expected[index]);
    assert.ok(difference <= tolerance, `[${actual}] is not [${expected}]`);
  });
}
