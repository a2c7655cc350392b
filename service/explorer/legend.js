/** The classes of the reference points, each a button that hides or shows its own. */

import { button } from "./elements.js";
import { colourOf, traceMark } from "./palette.js";

/** Fill `parent` with the classes; `toggle(label)` is called for one that is pressed. */
export function showLegend(parent, classNames, hidden, toggle) {
  const items = classNames.map((name, label) => {
    const item = button(name, () => toggle(label));
    item.ariaPressed = String(!hidden.includes(label));
    item.prepend(markOf(label));
    return item;
  });
  const focused = [...parent.children].indexOf(document.activeElement);
  parent.replaceChildren(...items);
  items[focused]?.focus();
}

function markOf(label) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const context = canvas.getContext("2d");
  context.beginPath();
  traceMark(context, label, 16, 16, 11);
  context.fillStyle = colourOf(label);
  context.fill();
  return canvas;
}
