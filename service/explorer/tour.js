/** The links to views that are worth seeing. */

/** @import { Model } from "./model.js" */

/**
 * Hide the items about classes that not all of the models know.
 *
 * @param {Model[]} models
 */
export function showTour(models) {
  for (const item of document.querySelectorAll("[data-classes]")) {
    if (!(item instanceof HTMLElement)) continue;
    const needed = (item.dataset.classes ?? "").split(",");
    item.hidden = !models.every(({ classNames }) =>
      needed.every((name) => classNames.includes(name)),
    );
  }
}
