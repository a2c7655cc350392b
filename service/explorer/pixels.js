/** Grey levels as pictures. */

import { contextOf } from "./elements.js";

/**
 * A canvas with one pixel for each level.
 *
 * @param {number[][]} rows levels from 0 to 1
 */
export function canvasOf(rows) {
  const canvas = document.createElement("canvas");
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const image = new ImageData(canvas.width, canvas.height);
  rows.flat().forEach((level, index) => {
    image.data.set([255 * level, 255 * level, 255 * level, 255], 4 * index);
  });
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}
