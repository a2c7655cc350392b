/** The measures of the compared models, side by side. */

/**
 * @import { Measure } from "./answers.js"
 *
 * @typedef {Object} Comparison one measure of all models
 * @property {Measure} measure what it has in common: its name and unit, and which values are better
 * @property {(Measure | undefined)[]} found in the order of the models; undefined: not defined
 */

// Measures of older artifacts that were best for blurred pictures: none of their values is better.
const RETIRED = new Set(["smoothness", "abruptness", "midway_realism"]);

/**
 * Every measure that any of the models has.
 *
 * @param {Measure[][]} measures of each model
 */
export function compare(measures) {
  /** @type {Map<string, Comparison>} */
  const comparisons = new Map();
  measures.forEach((own, index) => {
    for (const measure of own) {
      const comparison = comparisons.get(measure.name) ?? {
        measure: ranked(measure),
        found: measures.map(nothing),
      };
      comparison.found[index] = measure;
      comparisons.set(measure.name, comparison);
    }
  });
  return [...comparisons.values()];
}

/**
 * The comparisons in which the first two models differ most, by the larger of both values.
 *
 * @param {Comparison[]} comparisons
 * @param {number} count
 */
export function mostTelling(comparisons, count) {
  return comparisons
    .map((comparison) => ({ comparison, difference: differenceOf(comparison) }))
    .filter(({ difference }) => difference !== null)
    .toSorted((one, other) => Number(other.difference) - Number(one.difference))
    .slice(0, count)
    .map(({ comparison }) => comparison);
}

/**
 * The best of at least two values; null if no value is better than another.
 *
 * @param {Comparison} comparison
 */
export function bestOf({ measure: { better }, found }) {
  const given = found.filter((measure) => measure !== undefined);
  if (given.length < 2 || better === "neither") return null;
  const sign = better === "lower" ? 1 : -1;
  return given.reduce((best, one) => (sign * one.value < sign * best.value ? one : best));
}

/** @param {Comparison} comparison */
function differenceOf({ found: [one, other] }) {
  if (one === undefined || other === undefined) return null;
  const larger = Math.max(Math.abs(one.value), Math.abs(other.value), Number.EPSILON);
  return Math.abs(one.value - other.value) / larger;
}

/** @param {Measure} measure @returns {Measure} */
function ranked(measure) {
  return RETIRED.has(measure.name) ? { ...measure, better: "neither" } : measure;
}

/** @returns {Measure | undefined} */
function nothing() {
  return undefined;
}
