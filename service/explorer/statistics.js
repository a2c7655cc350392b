/** Tables of the models' measures, side by side. */

import { textElement } from "./elements.js";
import { bestOf, compare, mostTelling } from "./measures.js";

/**
 * @import { Measure } from "./answers.js"
 * @import { Comparison } from "./measures.js"
 * @import { Model } from "./model.js"
 */

/** @type {{ [name: string]: string }} */
const TITLES = { kl: "KL divergence", knn_accuracy: "k-NN accuracy" };
const MOST_TELLING = 3;
const BETTER = { lower: "lower is better", higher: "higher is better", neither: "" };

/** @param {HTMLElement} table @param {Model[]} models */
export function showStatistics(table, models) {
  fill(table, models, compare(models.map(({ measures }) => measures)));
}

/**
 * Show the few measures in which two models differ most.
 *
 * @param {HTMLElement} table
 * @param {Model[]} models
 */
export function showDifferences(table, models) {
  const comparisons = compare(models.map(({ measures }) => measures));
  fill(table, models, mostTelling(comparisons, MOST_TELLING));
}

/** @param {HTMLElement} table @param {Model[]} models @param {Comparison[]} comparisons */
function fill(table, models, comparisons) {
  table.replaceChildren(headRow(models), ...comparisons.map(comparisonRow));
  const section = table.closest("section");
  if (section) section.hidden = comparisons.length === 0;
}

/** @param {Model[]} models */
function headRow(models) {
  const row = document.createElement("tr");
  row.append(document.createElement("td"));
  for (const { name } of models) {
    const cell = textElement("th", name);
    cell.scope = "col";
    row.append(cell);
  }
  return row;
}

/** @param {Comparison} comparison */
function comparisonRow(comparison) {
  const { measure, found } = comparison;
  const title = document.createElement("th");
  title.scope = "row";
  title.append(TITLES[measure.name] ?? measure.name.replaceAll("_", " "));
  const note = [measure.unit, BETTER[measure.better]].filter(Boolean).join(", ");
  title.append(textElement("small", note));
  const best = bestOf(comparison);
  const row = document.createElement("tr");
  row.append(title, ...found.map((one) => valueCell(one, one === best)));
  return row;
}

/** @param {Measure | undefined} measure @param {boolean} isBest */
function valueCell(measure, isBest) {
  const cell = document.createElement("td");
  if (measure === undefined) {
    cell.append(textElement("small", "not defined for this kind of model"));
    return cell;
  }
  const text = Number(measure.value.toPrecision(4)).toLocaleString("en");
  const value = textElement(isBest ? "strong" : "span", text);
  value.className = "figure";
  cell.append(value, textElement("p", measure.sentence));
  return cell;
}
