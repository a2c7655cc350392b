/** The pictures along the path: a strip for each model, still or moving. */

import { button, textElement } from "./elements.js";
import { pathThrough } from "./interpolation.js";
import { callForBlob, commandFor } from "./service.js";
import { actionsFor, download } from "./sharing.js";
import { announce, messageOf } from "./status.js";
import { shownPoint } from "./view.js";

/**
 * @import { Method } from "./interpolation.js"
 * @import { Model } from "./model.js"
 * @import { Point } from "./plane.js"
 *
 * @typedef {Object} Path
 * @property {Model} model
 * @property {Point[]} points
 * @property {Method} method
 * @property {number} steps
 */

const SCALE = { point: 4, strip: 2, animation: 5 };

/** Draws the path of each model into a list of figures. */
export class Strips {
  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    this.request = new AbortController();
  }

  /**
   * Draw these paths instead of those before, which may still be loading.
   *
   * @param {Path[]} paths
   */
  async show(paths) {
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    const drawable = paths.filter(({ points }) => points.length > 0);
    try {
      const figures = await Promise.all(drawable.map((path) => figureOf(path, signal)));
      if (!signal.aborted) this.list.replaceChildren(...figures);
    } catch (error) {
      if (!signal.aborted) announce(`The path could not be drawn: ${messageOf(error)}`);
    }
  }
}

/** @param {Path} path @param {AbortSignal} signal */
async function figureOf(path, signal) {
  const { model, method, steps } = path;
  const isPath = path.points.length > 1;
  const picture = await (isPath ? stripOf(path, signal) : pointOf(path, signal));
  const points = pathThrough(path.points, method, steps);
  const isNear = points.map((point) => model.isNearData(point));
  const figure = document.createElement("figure");
  const caption = captionOf(model.name, points, isNear);
  picture.image.alt = `${model.title}: ${caption.textContent}`;
  const scroller = document.createElement("div");
  scroller.className = "strip";
  scroller.tabIndex = 0;
  scroller.role = "group";
  scroller.ariaLabel = `Pictures of ${model.name} along the path`;
  scroller.append(picture.image, marksOf(isNear, picture.image.naturalWidth / points.length));
  figure.append(scroller, caption, picture.actions);
  if (isPath) picture.actions.prepend(animateButton(figure, path));
  return figure;
}

/** @param {Path} path @param {AbortSignal} signal */
function stripOf({ model: { name }, points, method, steps }, signal) {
  const json = { model: name, latents: points, method, steps, scale: SCALE.strip };
  return pictureOf("interpolate", json, `${name}-path.png`, signal);
}

/** @param {Path} path @param {AbortSignal} signal */
function pointOf({ model: { name }, points }, signal) {
  const json = { model: name, latents: points, scale: SCALE.point };
  return pictureOf("decode", json, `${name}-point.png`, signal);
}

/** @param {Path} path */
function animationOf({ model: { name }, points, method, steps }) {
  const json = {
    model: name,
    latents: points,
    method,
    steps,
    scale: SCALE.animation,
    bounce: true,
  };
  return pictureOf("interpolate/animation", json, `${name}-path.apng`);
}

/** @param {HTMLElement} figure gets the animation @param {Path} path */
function animateButton(figure, path) {
  const animate = button("Animate", async () => {
    animate.disabled = true;
    try {
      const moving = await animationOf(path);
      moving.image.alt = `${path.model.title}: the same pictures one after the other`;
      figure.append(moving.image, moving.actions);
    } catch (error) {
      animate.disabled = false;
      announce(messageOf(error));
    }
  });
  return animate;
}

/**
 * A picture of the service, with buttons to copy its command and to save it.
 *
 * @param {string} path
 * @param {unknown} json
 * @param {string} fileName
 * @param {AbortSignal} [signal]
 */
async function pictureOf(path, json, fileName, signal) {
  const blob = await callForBlob(path, { json, signal });
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  const command = () => commandFor(path, { json, output: fileName });
  return { image, actions: actionsFor(command, () => download(blob, fileName)) };
}

/**
 * Says how much of the path lies near data.
 *
 * @param {string} name
 * @param {Point[]} path
 * @param {boolean[]} isNear
 */
function captionOf(name, path, isNear) {
  const near = isNear.filter(Boolean).length;
  const all = `${near} of ${path.length} pictures lie where data lives`;
  const text =
    path.length === 1
      ? ` at ${shownPoint(path[0])}${near ? "" : ", where no data lives"}`
      : `: ${all}${near < path.length ? ", the others are underlined" : ""}`;
  const line = document.createElement("span");
  line.append(textElement("strong", name), text);
  const caption = document.createElement("figcaption");
  caption.append(line);
  return caption;
}

/**
 * A line under each picture that lies far from data. Screen readers get the caption's count.
 *
 * @param {boolean[]} isNear
 * @param {number} width of a picture, in pixels
 */
function marksOf(isNear, width) {
  const marks = document.createElement("div");
  marks.className = "marks";
  marks.ariaHidden = "true";
  for (const near of isNear) {
    const mark = document.createElement("i");
    mark.style.width = `${width}px`;
    mark.classList.toggle("off-data", !near);
    marks.append(mark);
  }
  return marks;
}
