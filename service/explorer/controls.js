/** The fields and buttons that choose models, layers and the path. */

import { byId } from "./elements.js";
import { copy } from "./sharing.js";
import { clampSteps, parseMethod } from "./view.js";

/**
 * @import { Method } from "./interpolation.js"
 * @import { Place, View } from "./view.js"
 *
 * @typedef {Object} ControlHandlers
 * @property {(names: string[]) => void} modelsChosen
 * @property {(layer: string) => void} layerToggled
 * @property {(method: Method, steps: number) => void} methodChosen
 * @property {(points: Place[]) => void} pathChosen
 */

export class Controls {
  constructor() {
    this.first = byId("first", HTMLSelectElement);
    this.second = byId("second", HTMLSelectElement);
    this.from = byId("from", HTMLSelectElement);
    this.to = byId("to", HTMLSelectElement);
    this.method = byId("method", HTMLSelectElement);
    this.steps = byId("steps", HTMLInputElement);
    const boxes = [...document.querySelectorAll("[name=layer]")];
    this.layers = boxes.filter((box) => box instanceof HTMLInputElement);
  }

  /**
   * Show a view in the fields.
   *
   * @param {View} view
   * @param {string[]} modelNames
   * @param {string[]} classNames
   */
  fill({ models, off, method, steps }, modelNames, classNames) {
    const none = new Option("nothing", "");
    fillSelect(this.first, optionsOf(modelNames), models[0]);
    fillSelect(this.second, [...optionsOf(modelNames), none], models[1] ?? "");
    fillSelect(this.from, optionsOf(classNames), classNames[0]);
    fillSelect(this.to, optionsOf(classNames), classNames[classNames.length - 1]);
    this.method.value = method;
    this.steps.value = String(steps);
    for (const box of this.layers) box.checked = !off.includes(box.value);
  }

  /** @param {ControlHandlers} handlers */
  listen({ modelsChosen, layerToggled, methodChosen, pathChosen }) {
    for (const select of [this.first, this.second]) {
      select.addEventListener("change", () =>
        modelsChosen([this.first.value, this.second.value].filter(Boolean)),
      );
    }
    for (const box of this.layers) {
      box.addEventListener("change", () => layerToggled(box.value));
    }
    for (const field of [this.method, this.steps]) {
      field.addEventListener("change", () => {
        const steps = clampSteps(this.steps.valueAsNumber);
        this.steps.value = String(steps);
        methodChosen(parseMethod(this.method.value), steps);
      });
    }
    onClick("walk", () => pathChosen([this.from.value, this.to.value]));
    onClick("clear", () => pathChosen([]));
    onClick("link", () => copy(location.href));
  }
}

/** @param {string[]} names */
function optionsOf(names) {
  return names.map((name) => new Option(name, name));
}

/** @param {HTMLSelectElement} select @param {HTMLOptionElement[]} options @param {string} chosen */
function fillSelect(select, options, chosen) {
  select.replaceChildren(...options);
  select.value = chosen;
}

/** @param {string} id @param {() => unknown} act */
function onClick(id, act) {
  byId(id, HTMLElement).addEventListener("click", act);
}
