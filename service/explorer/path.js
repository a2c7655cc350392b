/** The strips of pictures along the path, one a model. */

import { button, textElement } from "./elements.js";
import { callForBlob, curlCommand } from "./service.js";
import { actionsFor, announce, download } from "./sharing.js";
import { pathThrough } from "./interpolation.js";
import { shownPoint } from "./view.js";

const SCALE = { point: 4, strip: 2, animation: 5 };

/** Draws the path of a view for each model into a list of figures. */
export class PathStrips {
  constructor(list) {
    this.list = list;
    this.calledOff = new AbortController();
  }

  /** Draw for each panel the path through its `points`. */
  async show(panels, method, steps) {
    this.calledOff.abort();
    this.calledOff = new AbortController();
    const { signal } = this.calledOff;
    const drawable = panels.filter(({ points }) => points.length > 0);
    try {
      const figures = await Promise.all(
        drawable.map((panel) => stripOf(panel, method, steps, signal)),
      );
      if (!signal.aborted) this.list.replaceChildren(...figures);
    } catch (error) {
      if (!signal.aborted) announce(`The path could not be drawn: ${error.message}`);
    }
  }
}

async function stripOf(panel, method, steps, signal) {
  const { name, points, reference, supportDistance } = panel;
  const isPath = points.length > 1;
  const json = isPath
    ? { model: name, latents: points, method, steps, scale: SCALE.strip }
    : { model: name, latents: points, scale: SCALE.point };
  const operation = isPath ? "interpolate" : "decode";
  const picture = await pictureOf(
    operation,
    json,
    `${name}-${isPath ? "path" : "point"}.png`,
    signal,
  );
  const path = pathThrough(points, method, steps);
  const isNear = path.map((point) => reference.nearest(point).distance <= supportDistance);
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.append(describe(name, path, isNear));
  picture.image.alt = `${panel.title}: ${caption.textContent}`;
  const scroller = document.createElement("div");
  scroller.className = "strip";
  scroller.tabIndex = 0;
  scroller.role = "group";
  scroller.ariaLabel = `Pictures of ${name} along the path`;
  scroller.append(picture.image, marksOf(isNear, picture.image.naturalWidth / path.length));
  figure.append(scroller, caption, picture.actions);
  if (isPath) picture.actions.prepend(animateButton(figure, panel, method, steps));
  return figure;
}

function animateButton(figure, { name, points, title }, method, steps) {
  return button("Animate", async ({ target }) => {
    target.disabled = true;
    const json = {
      model: name,
      latents: points,
      method,
      steps,
      scale: SCALE.animation,
      bounce: true,
    };
    try {
      const moving = await pictureOf("interpolate/animation", json, `${name}-path.apng`);
      moving.image.alt = `${title}: the same pictures one after the other`;
      figure.append(moving.image, moving.actions);
    } catch (error) {
      target.disabled = false;
      announce(error.message);
    }
  });
}

async function pictureOf(path, json, fileName, signal) {
  const blob = await callForBlob(path, { json, signal });
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  const command = () => curlCommand(path, { json, output: fileName });
  return { image, actions: actionsFor(command, () => download(blob, fileName)) };
}

/** How much of the path lies where data lives. */
function describe(name, path, isNear) {
  const near = isNear.filter(Boolean).length;
  const all = `${near} of ${path.length} pictures lie where data lives`;
  const text =
    path.length === 1
      ? ` at ${shownPoint(path[0])}${near ? "" : ", where no data lives"}`
      : `: ${all}${near < path.length ? ", the others are underlined" : ""}`;
  const line = document.createElement("span");
  line.append(textElement("strong", name), text);
  return line;
}

/** A line under each picture that lies where no data lives. The caption counts them for all. */
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
