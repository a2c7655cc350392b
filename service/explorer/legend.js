/** The classes of the reference points, each a button that hides or shows its points. */

import { button, contextOf } from "./elements.js";
import { colourOf, traceMark } from "./palette.js";

/**
 * @param {HTMLElement} parent
 * @param {string[]} classNames
 * @param {number[]} hidden classes whose points are hidden
 * @param {(label: number) => void} toggle called for the class that is pressed
 */
export function showLegend(parent, classNames, hidden, toggle) {
  const items = classNames.map((name, label) => {
    const item = button(name, () => toggle(label));
    item.ariaPressed = String(!hidden.includes(label));
    item.prepend(markOf(label));
    return item;
  });
  const focused = [...parent.children].findIndex((item) => item === document.activeElement);
  parent.replaceChildren(...items);
  items[focused]?.focus();
}

/** @param {number} label */
function markOf(label) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const context = contextOf(canvas);
  context.beginPath();
  traceMark(context, label, 16, 16, 11);
  context.fillStyle = colourOf(label);
  context.fill();
  return canvas;
}
