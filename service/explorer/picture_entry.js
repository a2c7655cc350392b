/** One of the visitor's pictures, and what the models answered about it. */

/**
 * @import { Reconstruction } from "./answers.js"
 *
 * @typedef {"auto" | "keep" | "invert"} Polarity what the service does with dark-on-light pictures
 *
 * @typedef {Reconstruction & { version: number }} Placement
 * @typedef {{ placement: Placement } | { refusal: string }} Result
 *
 * @typedef {Object} Entry
 * @property {File} file
 * @property {Polarity} polarity
 * @property {string} label given on the page
 * @property {Map<string, Result>} results by model
 */

/**
 * Where a model places the picture; null if it refused the picture or has not answered yet.
 *
 * @param {Entry} entry
 * @param {string} model
 */
export function placementOf(entry, model) {
  const result = entry.results.get(model);
  return result && "placement" in result ? result.placement : null;
}

/**
 * Why a model refused the picture; null if it did not.
 *
 * @param {Entry} entry
 * @param {string} model
 */
export function refusalOf(entry, model) {
  const result = entry.results.get(model);
  return result && "refusal" in result ? result.refusal : null;
}

/**
 * Whether any model placed the picture.
 *
 * @param {Entry} entry
 */
export function isPlaced(entry) {
  return [...entry.results.keys()].some((model) => placementOf(entry, model) !== null);
}
