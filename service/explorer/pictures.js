/** People's own pictures: encoded, placed on the maps, shown beside what the models make of them. */

import { button, textElement } from "./elements.js";
import { callForJson, curlCommand } from "./service.js";
import { actionsFor, announce, download } from "./sharing.js";
import { shownPoint } from "./view.js";

const AT_ONCE = 4; // requests

/** The pictures that were given, and what each model said of them. */
export class Pictures {
  /** `changed()` is called whenever there is something new to show on the maps. */
  constructor(section, changed) {
    this.list = section.querySelector("ul");
    this.downloads = section.querySelector("[data-part=downloads]");
    this.changed = changed;
    this.models = [];
    this.entries = [];
    section.querySelector("[data-act=csv]").addEventListener("click", () => this.saveAsCsv());
    section.querySelector("[data-act=json]").addEventListener("click", () => this.saveAsJson());
    section.querySelector("[data-act=forget]").addEventListener("click", () => {
      this.entries = [];
      this.draw();
    });
  }

  /** Add files; `polarity` as /encode has it. */
  async add(files, polarity = "auto") {
    const added = files.map((file) => ({ file, polarity, label: "", results: {} }));
    this.entries.push(...added);
    await this.ask(added);
  }

  /** Ask further models about the pictures that are there. */
  async useModels(models) {
    this.models = models;
    await this.ask(this.entries);
  }

  /** Where the pictures lie in a model's plane: [{point, element}]. */
  placesIn(model) {
    return this.entries
      .filter(({ results }) => results[model]?.mean)
      .map(({ results }) => ({
        point: results[model].mean,
        element: pixelsAsCanvas(results[model].image),
      }));
  }

  async ask(entries) {
    const waiting = entries.flatMap((entry) =>
      this.models.filter((model) => !(model in entry.results)).map((model) => ({ entry, model })),
    );
    const takeNext = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        next.entry.results[next.model] = await resultOf(next.entry, next.model);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, takeNext));
    this.draw();
    const placed = entries.filter(({ results }) => Object.values(results).some(({ mean }) => mean));
    if (entries.length) announce(`${placed.length} of ${entries.length} pictures are on the map.`);
  }

  draw() {
    this.list.replaceChildren(...this.entries.map((entry) => this.itemOf(entry)));
    this.downloads.hidden = this.entries.length === 0;
    this.changed();
  }

  itemOf(entry) {
    const item = document.createElement("li");
    const first = this.models.map((model) => entry.results[model]).find((result) => result?.image);
    const title = textElement("h3", entry.file.name);
    const figures = document.createElement("div");
    figures.className = "pictures";
    if (first) figures.append(captioned(pixelsAsCanvas(first.image), "as the models see it"));
    for (const model of this.models) figures.append(resultElement(model, entry));
    item.append(title, figures);
    if (first?.applied.length) {
      item.append(textElement("p", `What was done to it: ${first.applied.join("; ")}.`));
    }
    item.append(
      labelField(entry),
      " ",
      button("Remove", () => this.remove(entry)),
    );
    return item;
  }

  remove(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.draw();
  }

  /** One record a picture and model, in their order, as both downloads have it. */
  records() {
    return this.entries.flatMap(({ file, label, results }) =>
      this.models
        .map((model) => ({ model, result: results[model] }))
        .filter(({ result }) => result?.mean)
        .map(({ model, result }) => ({
          name: file.name,
          label,
          model,
          version: result.version,
          x: result.mean[0],
          y: result.mean[1],
          standard_deviation_x: result.standard_deviation[0],
          standard_deviation_y: result.standard_deviation[1],
          in_support: result.in_support,
          mean_squared_error: result.error.mean_squared_error,
          binary_cross_entropy: result.error.binary_cross_entropy,
          applied: result.applied,
        })),
    );
  }

  saveAsJson() {
    const text = `${JSON.stringify(this.records(), null, 2)}\n`;
    download(new Blob([text], { type: "application/json" }), "pictures.json");
  }

  saveAsCsv() {
    const records = this.records().map((record) => ({
      ...record,
      applied: record.applied.join("; "),
    }));
    const lines = [
      Object.keys(records[0] ?? {}),
      ...records.map((record) => Object.values(record)),
    ];
    const text = lines.map((values) => `${values.map(csvField).join(",")}\r\n`).join("");
    download(new Blob([text], { type: "text/csv" }), "pictures.csv");
  }
}

/** RFC 4180: quoted where it must be. */
function csvField(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function resultOf({ file, polarity }, model) {
  const form = new FormData();
  form.append("images", file);
  form.append("model", model);
  form.append("polarity", polarity);
  try {
    const { version, reconstructions } = await callForJson("reconstruct", { form });
    return { version, ...reconstructions[0] };
  } catch (error) {
    return { refusal: error.message };
  }
}

function resultElement(model, { file, polarity, results }) {
  const result = results[model];
  if (!result?.mean) return textElement("p", `${model}: ${result?.refusal ?? "waiting"}`);
  const { mean, error, in_support: isNear } = result;
  const far = isNear ? "" : "; no data lives there";
  const text =
    `${model} at ${shownPoint(mean)}${far}; error ${error.binary_cross_entropy.toFixed(0)} nats, ` +
    `mean square ${error.mean_squared_error.toFixed(4)}`;
  const picture = pixelsAsCanvas(result.reconstruction);
  const figure = captioned(picture, text);
  const form = [
    ["images", `@${file.name}`],
    ["model", model],
    ["polarity", polarity],
  ];
  const fileName = `${model}-${file.name.replace(/\.\w+$/, "")}.png`;
  const command = () => curlCommand("reconstruct", { form });
  const save = () => picture.toBlob((blob) => download(blob, fileName));
  figure.append(actionsFor(command, save));
  return figure;
}

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

function captioned(picture, text) {
  const figure = document.createElement("figure");
  figure.append(picture, textElement("figcaption", text));
  return figure;
}

/** Rows of values in 0..1 as a canvas of that many pixels. */
function pixelsAsCanvas(rows) {
  const canvas = document.createElement("canvas");
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const image = new ImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, index) => {
    image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * index);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
