/** The latent points of a path, computed the way the service's /interpolate does. */

/**
 * @import { Point } from "./plane.js"
 *
 * @typedef {"linear" | "spherical"} Method
 */

/** Below this sine, two directions are so nearly equal or opposite that a line joins them. */
const LEAST_SINE = 1e-6;

/**
 * All points from the first of `points` to the last, with `steps` steps from each to the next.
 *
 * @param {Point[]} points
 * @param {Method} method
 * @param {number} steps
 */
export function pathThrough(points, method, steps) {
  const between = method === "spherical" ? spherical : linear;
  const path = points.slice(0, 1);
  for (let index = 1; index < points.length; index += 1) {
    for (let step = 1; step <= steps; step += 1) {
      path.push(between(points[index - 1], points[index], step / steps));
    }
  }
  return path;
}

/**
 * @param {Point} from
 * @param {Point} to
 * @param {number} part from 0 to 1
 * @returns {Point}
 */
function linear(from, to, part) {
  return [mix(from[0], to[0], part), mix(from[1], to[1], part)];
}

/**
 * The direction turns at a constant rate (Shoemake 1985) while the length changes evenly.
 *
 * @param {Point} from
 * @param {Point} to
 * @param {number} part from 0 to 1
 * @returns {Point}
 */
function spherical(from, to, part) {
  const [fromLength, toLength] = [Math.hypot(...from), Math.hypot(...to)];
  if (Math.min(fromLength, toLength) === 0) return linear(from, to, part);
  const start = divided(from, fromLength);
  const end = divided(to, toLength);
  const angle = angleBetween(start, end);
  if (Math.sin(angle) < LEAST_SINE) return linear(from, to, part);
  const length = mix(fromLength, toLength, part) / Math.sin(angle);
  const [startWeight, endWeight] = [Math.sin((1 - part) * angle), Math.sin(part * angle)];
  return [
    length * (startWeight * start[0] + endWeight * end[0]),
    length * (startWeight * start[1] + endWeight * end[1]),
  ];
}

/**
 * The angle between two unit vectors in radians; exact near 0 and pi, where acos is not.
 *
 * @param {Point} first
 * @param {Point} second
 */
function angleBetween(first, second) {
  const difference = Math.hypot(first[0] - second[0], first[1] - second[1]);
  const sum = Math.hypot(first[0] + second[0], first[1] + second[1]);
  return 2 * Math.atan2(difference, sum);
}

/** @param {number} from @param {number} to @param {number} part */
function mix(from, to, part) {
  return from * (1 - part) + to * part;
}

/** @param {Point} point @param {number} length @returns {Point} */
function divided([x, y], length) {
  return [x / length, y / length];
}
