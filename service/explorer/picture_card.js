/** The card of one of the visitor's pictures, with what each model makes of it. */

import { button, textElement } from "./elements.js";
import { placementOf, refusalOf } from "./picture_entry.js";
import { canvasOf } from "./pixels.js";
import { commandFor } from "./service.js";
import { actionsFor, download } from "./sharing.js";
import { shownPoint } from "./view.js";

/** @import { Entry, Placement } from "./picture_entry.js" */

/**
 * @param {Entry} entry
 * @param {string[]} models
 * @param {() => void} remove
 */
export function pictureCard(entry, models, remove) {
  const card = document.createElement("li");
  const seen = models.map((model) => placementOf(entry, model)).find((it) => it !== null);
  const figures = document.createElement("div");
  figures.className = "pictures";
  if (seen) figures.append(captioned(canvasOf(seen.image), "as the models see it"));
  for (const model of models) figures.append(resultElement(model, entry));
  card.append(textElement("h3", entry.file.name), figures);
  if (seen?.applied.length) {
    card.append(textElement("p", `What was done to it: ${seen.applied.join("; ")}.`));
  }
  card.append(labelField(entry), " ", button("Remove", remove));
  return card;
}

/** @param {string} model @param {Entry} entry */
function resultElement(model, entry) {
  const placement = placementOf(entry, model);
  if (placement) return reconstructionFigure(model, entry, placement);
  return textElement("p", `${model}: ${refusalOf(entry, model) ?? "waiting"}`);
}

/** @param {string} model @param {Entry} entry @param {Placement} placement */
function reconstructionFigure(model, { file, polarity }, placement) {
  const picture = canvasOf(placement.reconstruction);
  const figure = captioned(picture, captionOf(model, placement));
  const fileName = `${model}-${file.name.replace(/\.\w+$/, "")}.png`;
  /** @type {[string, string][]} */
  const form = [
    ["images", `@${file.name}`],
    ["model", model],
    ["polarity", polarity],
  ];
  const command = () => commandFor("reconstruct", { form });
  const save = () => picture.toBlob((blob) => blob && download(blob, fileName));
  figure.append(actionsFor(command, save));
  return figure;
}

/** @param {string} model @param {Placement} placement */
function captionOf(model, { mean, error, in_support: isNear }) {
  const nats = error.binary_cross_entropy.toFixed(0);
  const square = error.mean_squared_error.toFixed(4);
  const far = isNear ? "" : "; no data lives there";
  return `${model} at ${shownPoint(mean)}${far}; error ${nats} nats, mean square ${square}`;
}

/** @param {Entry} entry */
function labelField(entry) {
  const label = textElement("label", "Label ");
  const field = document.createElement("input");
  field.value = entry.label;
  field.maxLength = 100;
  field.addEventListener("input", () => {
    entry.label = field.value;
  });
  label.append(field);
  return label;
}

/** @param {HTMLElement} picture @param {string} text */
function captioned(picture, text) {
  const figure = document.createElement("figure");
  figure.append(picture, textElement("figcaption", text));
  return figure;
}
