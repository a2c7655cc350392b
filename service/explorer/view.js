/** What the page shows, and how the address holds it, so that every view is a link. */

/**
 * @import { Method } from "./interpolation.js"
 * @import { Point } from "./plane.js"
 *
 * @typedef {Point | string} Place coordinates, or a class name: its typical picture
 *
 * @typedef {Object} View
 * @property {string[]} models one or two names; empty: the page chooses
 * @property {Point} centre
 * @property {number | null} zoom null: the zoom that shows -4 to 4
 * @property {Place[]} points in the order of the path
 * @property {number[]} hidden classes whose reference points are hidden
 * @property {string[]} off names of LAYERS that are hidden
 * @property {Method} method
 * @property {number} steps from one point to the next
 */

const LAYERS = ["pictures", "points", "axes"];
/** @type {Method[]} */
const METHODS = ["linear", "spherical"];
const STEPS = { least: 1, most: 32, usual: 8 };
const MOST_MODELS = 2;
const MOST_COORDINATE = 1000;

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

/**
 * The view in an address. Parts that are missing or malformed keep their defaults.
 *
 * @param {string} fragment with or without its #
 */
export function parseView(fragment) {
  const given = new URLSearchParams(fragment.replace(/^#/, "").replaceAll("+", "%2B"));
  const view = defaultView();
  /** @param {string} name @param {string} separator */
  const list = (name, separator) => (given.get(name) ?? "").split(separator).filter(Boolean);
  view.models = list("models", ",").slice(0, MOST_MODELS);
  view.centre = parsePoint(given.get("at") ?? "") ?? view.centre;
  const zoom = Number.parseInt(given.get("zoom") ?? "", 10);
  view.zoom = Number.isFinite(zoom) ? zoom : null;
  view.points = list("points", ";")
    .map(parsePlace)
    .filter((place) => place !== null);
  view.hidden = list("hide", ",").map(Number).filter(Number.isInteger);
  view.off = list("off", ",").filter((name) => LAYERS.includes(name));
  view.method = parseMethod(given.get("method"));
  view.steps = clampSteps(Number.parseInt(given.get("steps") ?? "", 10));
  return view;
}

/**
 * The fragment of a view, without the parts that have their defaults.
 *
 * @param {View} view
 */
export function formatView(view) {
  /** @type {string[]} */
  const parts = [];
  /** @param {string} name @param {(string | number)[]} values */
  const add = (name, values) => {
    if (values.length) parts.push(`${name}=${values.map(encodeURIComponent).join(",")}`);
  };
  add("models", view.models);
  if (view.zoom !== null) {
    const centre = roundPoint(view.centre, view.zoom);
    parts.push(`at=${centre.map(trimmed).join(",")}`, `zoom=${view.zoom}`);
  }
  if (view.points.length) parts.push(`points=${view.points.map(formatPlace).join(";")}`);
  add("hide", view.hidden);
  add("off", view.off);
  if (view.method !== METHODS[0]) parts.push(`method=${view.method}`);
  if (view.steps !== STEPS.usual) parts.push(`steps=${view.steps}`);
  return `#${parts.join("&")}`;
}

/**
 * The method with this name, or the default one.
 *
 * @param {string | null} name
 */
export function parseMethod(name) {
  return METHODS.find((method) => method === name) ?? METHODS[0];
}

/**
 * A whole number within the bounds; the default for NaN.
 *
 * @param {number} steps
 */
export function clampSteps(steps) {
  return Number.isFinite(steps)
    ? Math.min(Math.max(Math.round(steps), STEPS.least), STEPS.most)
    : STEPS.usual;
}

/**
 * A point without the digits that a screen pixel cannot show at this zoom.
 *
 * @param {Point} point
 * @param {number} zoom
 * @returns {Point}
 */
export function roundPoint([x, y], zoom) {
  const digits = Math.min(12, Math.max(2, Math.ceil((zoom - 8) * Math.log10(2)) + 3));
  return [Number(trimmed(Number(x.toFixed(digits)))), Number(trimmed(Number(y.toFixed(digits))))];
}

/**
 * Coordinates as the page shows them: two decimals, no negative zero.
 *
 * @param {Point} point
 */
export function shownPoint(point) {
  return `(${point.map((value) => Number(value.toFixed(2)).toFixed(2)).join(", ")})`;
}

/**
 * Remove a value from a list that has it; add it to one that does not.
 *
 * @template T
 * @param {T[]} values
 * @param {T} value
 */
export function toggled(values, value) {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}

/** @param {Place} place */
function formatPlace(place) {
  return typeof place === "string" ? `@${encodeURIComponent(place)}` : place.map(trimmed).join(",");
}

/** @param {number} value */
function trimmed(value) {
  return String(Object.is(value, -0) ? 0 : Number(value.toPrecision(12)));
}

/** @param {string} text */
function parsePlace(text) {
  return text.startsWith("@") && text.length > 1 ? text.slice(1) : parsePoint(text);
}

/**
 * @param {string} text
 * @returns {Point | null}
 */
function parsePoint(text) {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isPoint =
    values.length === 2 && values.every((value) => Math.abs(value) <= MOST_COORDINATE);
  return isPoint ? [values[0], values[1]] : null;
}
