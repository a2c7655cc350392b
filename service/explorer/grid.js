/** The /grid request for what a map shows. */

/** @typedef {{ x: [number, number], y: [number, number] }} Bounds lower and upper ends */

/**
 * Path and query of the pictures whose cells lie wholly within the bounds.
 *
 * @param {string} model
 * @param {Bounds} bounds
 * @param {number} step between pictures
 */
export function gridPath(model, bounds, step) {
  const columns = centresWithin(bounds.x, step);
  const rows = centresWithin(bounds.y, step);
  const query = new URLSearchParams({
    model,
    columns: String(columns.count),
    x_min: String(columns.minimum),
    x_max: String(columns.maximum),
    rows: String(rows.count),
    y_min: String(rows.minimum),
    y_max: String(rows.maximum),
  });
  return `grid?${query}`;
}

/**
 * The centres of whole cells along one axis; at least one.
 *
 * @param {[number, number]} bounds
 * @param {number} step
 */
function centresWithin([lower, upper], step) {
  const first = Math.ceil(lower / step) + 0.5;
  const last = Math.max(first, Math.floor(upper / step) - 0.5);
  // /grid draws a single row or column in the middle of its bounds, which must differ.
  const margin = first === last ? 1 : 0;
  return {
    count: last - first + 1,
    minimum: (first - margin) * step,
    maximum: (last + margin) * step,
  };
}
