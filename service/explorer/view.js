/** What the page shows, and how that is written into the address, so that every view is a link. */

const LAYERS = ["pictures", "points", "axes"];
const METHODS = ["linear", "spherical"];
const STEPS = { least: 1, most: 32, usual: 8 };

/**
 * @typedef {Object} View
 * @property {string[]} models names of one or two models; empty: the page chooses
 * @property {[number, number]} centre in latent units
 * @property {number | null} zoom null: the plane from -4 to 4
 * @property {Place[]} points in the order of the path
 * @property {number[]} hidden classes whose reference points are not shown
 * @property {string[]} off names of LAYERS that are not shown
 * @property {string} method one of METHODS
 * @property {number} steps pictures from one point to the next
 *
 * @typedef {[number, number] | string} Place coordinates, or the name of a class: its typical picture
 */

/** @returns {View} */
function defaultView() {
  return {
    models: [],
    centre: [0, 0],
    zoom: null,
    points: [],
    hidden: [],
    off: [],
    method: METHODS[0],
    steps: STEPS.usual,
  };
}

/** A fragment to the view it describes; what cannot be read in it counts as not given. */
export function parseView(fragment) {
  const given = new URLSearchParams(fragment.replace(/^#/, "").replaceAll("+", "%2B"));
  const view = defaultView();
  const list = (name, separator) => (given.get(name) ?? "").split(separator).filter(Boolean);
  view.models = list("models", ",").slice(0, 2);
  view.centre = parsePoint(given.get("at") ?? "") ?? view.centre;
  const zoom = Number.parseInt(given.get("zoom") ?? "", 10);
  view.zoom = Number.isFinite(zoom) ? zoom : null;
  view.points = list("points", ";")
    .map(parsePlace)
    .filter((place) => place !== null);
  view.hidden = list("hide", ",")
    .map(Number)
    .filter((index) => Number.isInteger(index));
  view.off = list("off", ",").filter((name) => LAYERS.includes(name));
  view.method = METHODS.find((name) => name === given.get("method")) ?? view.method;
  view.steps = clampSteps(Number.parseInt(given.get("steps") ?? "", 10));
  return view;
}

/** The fragment of a view, without what is as usual. */
export function formatView(view) {
  const parts = [];
  const add = (name, values, separator) => {
    if (values.length) parts.push(`${name}=${values.map(encodeURIComponent).join(separator)}`);
  };
  add("models", view.models, ",");
  if (view.zoom !== null) {
    parts.push(`at=${formatPoint(view.centre, view.zoom)}`, `zoom=${view.zoom}`);
  }
  const places = view.points.map((place) =>
    typeof place === "string" ? `@${encodeURIComponent(place)}` : place.map(trimmed).join(","),
  );
  if (places.length) parts.push(`points=${places.join(";")}`);
  add("hide", view.hidden, ",");
  add("off", view.off, ",");
  if (view.method !== METHODS[0]) parts.push(`method=${view.method}`);
  if (view.steps !== STEPS.usual) parts.push(`steps=${view.steps}`);
  return `#${parts.join("&")}`;
}

/** A whole number of steps within its bounds; what is no number is the usual one. */
export function clampSteps(steps) {
  return Number.isFinite(steps)
    ? Math.min(Math.max(Math.round(steps), STEPS.least), STEPS.most)
    : STEPS.usual;
}

/** Coordinates as precise as a pixel of this zoom tells them. */
export function formatPoint(point, zoom) {
  const digits = Math.min(12, Math.max(2, Math.ceil((zoom - 8) * Math.log10(2)) + 3));
  return point.map((value) => trimmed(Number(value.toFixed(digits)))).join(",");
}

/** Coordinates for people: two decimals, no negative zero. */
export function shownPoint(point) {
  return `(${point.map((value) => Number(value.toFixed(2)).toFixed(2)).join(", ")})`;
}

function trimmed(value) {
  return String(Object.is(value, -0) ? 0 : Number(value.toPrecision(12)));
}

function parsePlace(text) {
  return text.startsWith("@") && text.length > 1 ? text.slice(1) : parsePoint(text);
}

function parsePoint(text) {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return values.length === 2 && values.every((value) => Math.abs(value) <= 1000) ? values : null;
}
