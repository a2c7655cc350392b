/** A pad to draw a picture on, white on black like the pictures of the data. */

import { contextOf, find } from "./elements.js";

const BRUSH = 20; // pixels of 280, about as thick as the lines in the data

/**
 * @param {HTMLDialogElement} dialog holds the pad
 * @param {(file: File) => void} use called with the drawing as a PNG file
 */
export function setUpSketch(dialog, use) {
  const pad = find(dialog, "canvas", HTMLCanvasElement);
  const context = contextOf(pad);
  let count = 0;
  const clear = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, pad.width, pad.height);
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    context.beginPath();
    context.moveTo(...placeOn(pad, event));
    drawTo(context, placeOn(pad, event));
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.buttons) drawTo(context, placeOn(pad, event));
  });
  find(dialog, "[data-act=clear]", HTMLElement).addEventListener("click", clear);
  find(dialog, "[data-act=use]", HTMLElement).addEventListener("click", () => {
    pad.toBlob((blob) => {
      if (blob === null) return;
      count += 1;
      use(new File([blob], `drawing-${count}.png`, { type: "image/png" }));
      dialog.close();
      clear();
    }, "image/png");
  });
  clear();
}

/**
 * Where the pointer is, in pixels of the pad.
 *
 * @param {HTMLCanvasElement} pad
 * @param {PointerEvent} event
 * @returns {[number, number]}
 */
function placeOn(pad, { offsetX, offsetY }) {
  return [(offsetX * pad.width) / pad.clientWidth, (offsetY * pad.height) / pad.clientHeight];
}

/** @param {CanvasRenderingContext2D} context @param {[number, number]} place */
function drawTo(context, place) {
  context.lineTo(...place);
  context.lineWidth = BRUSH;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = "#fff";
  context.stroke();
}
