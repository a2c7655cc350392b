/** Where the ticks of an axis are, and how they are labelled. */

/**
 * The smallest of 1, 2 or 5 times a power of ten that is at least `least`.
 *
 * @param {number} least
 */
export function tickStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  const isEnough = (/** @type {number} */ factor) => factor * power >= least * (1 - 1e-9);
  return ([1, 2, 5].find(isEnough) ?? 10) * power;
}

/**
 * The multiples of a step from `lower` to `upper`, with as many decimals as the step has.
 *
 * @param {number} lower
 * @param {number} upper
 * @param {number} step
 */
export function ticks(lower, upper, step) {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let count = Math.ceil(lower / step); count * step <= upper; count += 1) {
    const value = count === 0 ? 0 : count * step; // never -0
    found.push({ value, text: value.toFixed(decimals) });
  }
  return found;
}
