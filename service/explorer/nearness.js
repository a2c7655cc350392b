/** Which pictures of a path lie near data, as a caption and as marks under the pictures. */

import { textElement } from "./elements.js";
import { shownPoint } from "./view.js";

/** @import { Point } from "./plane.js" */

/**
 * @param {string} name
 * @param {Point[]} path
 * @param {boolean[]} isNear
 */
export function nearnessCaption(name, path, isNear) {
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
export function nearnessMarks(isNear, width) {
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
