/** The pictures along the path: a strip for each model, still or moving. */

import { button } from "./elements.js";
import { pathThrough } from "./interpolation.js";
import { nearnessCaption, nearnessMarks } from "./nearness.js";
import { callForBlob, commandFor } from "./service.js";
import { actionsFor, download } from "./sharing.js";
import { announce, messageOf } from "./status.js";

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
   * Replace the paths shown before, even if those are still loading.
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
  const caption = nearnessCaption(model.name, points, isNear);
  picture.image.alt = `${model.title}: ${caption.textContent}`;
  const scroller = document.createElement("div");
  scroller.className = "strip";
  scroller.tabIndex = 0;
  scroller.role = "group";
  scroller.ariaLabel = `Pictures of ${model.name} along the path`;
  scroller.append(picture.image, nearnessMarks(isNear, picture.image.naturalWidth / points.length));
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
 * A picture that the service draws, with buttons to copy its command and to save it.
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
