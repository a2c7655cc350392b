/** The latent points of a path, as the service's /interpolate has them. */

/** Directions this close to each other, or to opposite ones, are joined by a line. */
const LEAST_SINE = 1e-6;

/** All points from the first to the last of `points`, `steps` from each to the next. */
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

function linear(from, to, part) {
  return from.map((value, axis) => value * (1 - part) + to[axis] * part);
}

/** Shoemake 1985: the direction turns at a constant rate, while the length goes evenly. */
function spherical(from, to, part) {
  const lengths = [Math.hypot(...from), Math.hypot(...to)];
  if (Math.min(...lengths) === 0) return linear(from, to, part);
  const start = from.map((value) => value / lengths[0]);
  const end = to.map((value) => value / lengths[1]);
  const angle = angleBetween(start, end);
  if (Math.sin(angle) < LEAST_SINE) return linear(from, to, part);
  const length = (lengths[0] * (1 - part) + lengths[1] * part) / Math.sin(angle);
  const weights = [Math.sin((1 - part) * angle), Math.sin(part * angle)];
  return start.map((value, axis) => length * (weights[0] * value + weights[1] * end[axis]));
}

/** Between two unit vectors, in radians. */
function angleBetween(first, second) {
  const difference = first.map((value, axis) => value - second[axis]);
  const sum = first.map((value, axis) => value + second[axis]);
  return 2 * Math.atan2(Math.hypot(...difference), Math.hypot(...sum));
}
