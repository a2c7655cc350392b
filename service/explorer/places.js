/** The list of the placed points. */

import { button, byId } from "./elements.js";

/** @import { Place } from "./view.js" */

/**
 * @param {Place[]} points
 * @param {(index: number) => void} remove called for a point to be removed
 */
export function showPlaces(points, remove) {
  const items = points.map((place, index) => {
    const item = document.createElement("li");
    const cross = button("×", () => remove(index));
    cross.ariaLabel = `Remove point ${index + 1}`;
    item.append(typeof place === "string" ? place : `(${place.join(", ")})`, " ", cross);
    return item;
  });
  byId("places", HTMLElement).replaceChildren(...items);
  byId("path-empty", HTMLElement).hidden = items.length > 0;
  byId("clear", HTMLElement).hidden = items.length === 0;
}
