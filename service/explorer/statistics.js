/** The numbers that explain the difference, model beside model. */

import { textElement } from "./elements.js";

const TITLES = { kl: "KL divergence", knn_accuracy: "k-NN accuracy" };
const MOST_TELLING = 3;
const BETTER = { lower: "lower is better", higher: "higher is better", neither: "" };

/** Draw all measures of panels' models, with what each says in one sentence. */
export function showStatistics(table, panels) {
  fill(table, panels, measuresOf(panels));
}

/** Draw the few measures in which two models differ most. */
export function showDifferences(table, panels) {
  const ranked = measuresOf(panels)
    .filter((found) => found.filter(Boolean).length > 1)
    .toSorted((one, other) => differenceOf(other) - differenceOf(one));
  fill(table, panels, ranked.slice(0, MOST_TELLING));
}

/** The measures of all models, each a list in the order of the panels with gaps. */
function measuresOf(panels) {
  const measures = new Map();
  panels.forEach(({ statistics }, index) => {
    for (const measure of statistics.measures) {
      if (!measures.has(measure.name)) measures.set(measure.name, []);
      measures.get(measure.name)[index] = measure;
    }
  });
  return [...measures.values()];
}

/** Relative to the larger of the two. */
function differenceOf([{ value: one }, { value: other }]) {
  return Math.abs(one - other) / Math.max(Math.abs(one), Math.abs(other), Number.EPSILON);
}

function fill(table, panels, measures) {
  const names = panels.map(({ name }) => name);
  const rows = measures.map((found) => measureRow(found, names));
  table.replaceChildren(row(["", ...names], "th", "col"), ...rows);
  table.closest("section").hidden = rows.length === 0;
}

function measureRow(found, names) {
  const any = found.find(Boolean);
  const title = document.createElement("th");
  title.scope = "row";
  title.append(titleOf(any.name));
  const note = [any.unit, BETTER[any.better]].filter(Boolean).join(", ");
  title.append(textElement("small", note));
  const best = bestOf(found, any.better);
  const cells = names.map((_, index) => {
    const cell = document.createElement("td");
    const measure = found[index];
    if (measure === undefined) {
      cell.append(textElement("small", "not defined for this kind"));
      return cell;
    }
    const value = textElement(measure === best ? "strong" : "span", formatted(measure.value));
    value.className = "figure";
    cell.append(value, textElement("p", measure.sentence));
    return cell;
  });
  const line = document.createElement("tr");
  line.append(title, ...cells);
  return line;
}

function bestOf(found, better) {
  const given = found.filter(Boolean);
  if (given.length < 2 || better === "neither") return null;
  const sign = better === "lower" ? 1 : -1;
  return given.reduce((best, one) => (sign * one.value < sign * best.value ? one : best));
}

function titleOf(name) {
  return TITLES[name] ?? name.replaceAll("_", " ");
}

function formatted(value) {
  return Number(value.toPrecision(4)).toLocaleString("en");
}

function row(texts, tag, scope) {
  const line = document.createElement("tr");
  for (const text of texts) {
    const cell = textElement(text ? tag : "td", text);
    if (text) cell.scope = scope;
    line.append(cell);
  }
  return line;
}
