/** The visitor's pictures as records to save: one for each picture and model. */

import { placementOf } from "./picture_entry.js";

/** @import { Entry } from "./picture_entry.js" */

/** @typedef {ReturnType<typeof recordsOf>[number]} PictureRecord */

/**
 * @param {Entry[]} entries
 * @param {string[]} models
 */
export function recordsOf(entries, models) {
  return entries.flatMap((entry) =>
    models.flatMap((model) => {
      const placement = placementOf(entry, model);
      if (placement === null) return [];
      const { version, mean, standard_deviation, in_support, error, applied } = placement;
      return {
        name: entry.file.name,
        label: entry.label,
        model,
        version,
        x: mean[0],
        y: mean[1],
        standard_deviation_x: standard_deviation[0],
        standard_deviation_y: standard_deviation[1],
        in_support,
        mean_squared_error: error.mean_squared_error,
        binary_cross_entropy: error.binary_cross_entropy,
        applied,
      };
    }),
  );
}

/** @param {PictureRecord[]} records */
export function jsonOf(records) {
  return `${JSON.stringify(records, null, 2)}\n`;
}

/**
 * RFC 4180, with a line of names first.
 *
 * @param {PictureRecord[]} records
 */
export function csvOf(records) {
  const rows = records.map((record) => ({ ...record, applied: record.applied.join("; ") }));
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
  return lines.map((values) => `${values.map(csvField).join(",")}\r\n`).join("");
}

// What spreadsheets take for the beginning of a formula.
const FORMULA = /^[=+\-@\t\r]/;

/**
 * An apostrophe before a formula makes it a text to spreadsheets.
 *
 * @param {unknown} value
 */
function csvField(value) {
  const isFormula = typeof value === "string" && FORMULA.test(value);
  const text = isFormula ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
