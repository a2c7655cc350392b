/** The visitor's pictures: sends them to the models, keeps and lists the answers. */

import { find, partOf } from "./elements.js";
import { pictureCard } from "./picture_card.js";
import { isPlaced, placementOf } from "./picture_entry.js";
import { csvOf, jsonOf, recordsOf } from "./picture_records.js";
import { canvasOf } from "./pixels.js";
import { callForJson } from "./service.js";
import { download } from "./sharing.js";
import { announce, messageOf } from "./status.js";

/**
 * @import { ReconstructOutput } from "./answers.js"
 * @import { PlacedPicture } from "./latent_map.js"
 * @import { Entry, Polarity, Result } from "./picture_entry.js"
 */

const MOST_REQUESTS = 4; // at once

export class Pictures {
  /**
   * @param {HTMLElement} section
   * @param {() => void} changed called when the maps have something new to show
   */
  constructor(section, changed) {
    this.list = find(section, "ul", HTMLElement);
    this.downloads = partOf(section, "downloads", HTMLElement);
    this.changed = changed;
    /** @type {string[]} */
    this.models = [];
    /** @type {Entry[]} */
    this.entries = [];
    /** @param {string} name @param {() => void} act */
    const on = (name, act) =>
      find(section, `[data-act=${name}]`, HTMLElement).addEventListener("click", act);
    on("csv", () => this.save(csvOf, "text/csv", "pictures.csv"));
    on("json", () => this.save(jsonOf, "application/json", "pictures.json"));
    on("forget", () => {
      this.entries = [];
      this.draw();
    });
  }

  /**
   * @param {File[]} files
   * @param {Polarity} polarity
   */
  async add(files, polarity) {
    const added = files.map((file) => ({ file, polarity, label: "", results: new Map() }));
    this.entries.push(...added);
    await this.ask(added);
  }

  /**
   * Show what these models answer, asking those that have not seen the pictures yet.
   *
   * @param {string[]} models
   */
  async useModels(models) {
    this.models = models;
    await this.ask(this.entries);
  }

  /**
   * Where the pictures lie in a model's plane.
   *
   * @param {string} model
   * @returns {PlacedPicture[]}
   */
  placesIn(model) {
    return this.entries
      .map((entry) => placementOf(entry, model))
      .filter((placement) => placement !== null)
      .map(({ mean, image }) => ({ point: mean, element: canvasOf(image) }));
  }

  /** @param {Entry[]} entries */
  async ask(entries) {
    const waiting = entries.flatMap((entry) =>
      this.models.filter((model) => !entry.results.has(model)).map((model) => ({ entry, model })),
    );
    const takeNext = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        next.entry.results.set(next.model, await resultOf(next.entry, next.model));
      }
    };
    await Promise.all(Array.from({ length: MOST_REQUESTS }, takeNext));
    this.draw();
    const placed = entries.filter(isPlaced);
    if (entries.length) announce(`${placed.length} of ${entries.length} pictures are on the map.`);
  }

  draw() {
    const cards = this.entries.map((entry) =>
      pictureCard(entry, this.models, () => this.remove(entry)),
    );
    this.list.replaceChildren(...cards);
    this.downloads.hidden = this.entries.length === 0;
    this.changed();
  }

  /** @param {Entry} entry */
  remove(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.draw();
  }

  /**
   * @param {typeof csvOf | typeof jsonOf} format
   * @param {string} type
   * @param {string} fileName
   */
  save(format, type, fileName) {
    download(new Blob([format(recordsOf(this.entries, this.models))], { type }), fileName);
  }
}

/**
 * @param {Entry} entry
 * @param {string} model
 * @returns {Promise<Result>}
 */
async function resultOf({ file, polarity }, model) {
  const form = new FormData();
  form.append("images", file);
  form.append("model", model);
  form.append("polarity", polarity);
  try {
    const answer = /** @type {ReconstructOutput} */ (await callForJson("reconstruct", { form }));
    return { placement: { version: answer.version, ...answer.reconstructions[0] } };
  } catch (error) {
    return { refusal: messageOf(error) };
  }
}
