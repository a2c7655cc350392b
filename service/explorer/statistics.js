/** The numbers that explain the difference, model beside model. */

const TITLES = { kl: "KL divergence", knn_accuracy: "k-NN accuracy" };
const BETTER = { lower: "lower is better", higher: "higher is better", neither: "" };

/** The figures alone, as terms and values for a list below a model's map. */
export function shortFigures({ measures }) {
  return measures.map(({ name, value }) => {
    const pair = document.createElement("div");
    pair.append(part("dt", titleOf(name)), part("dd", formatted(value)));
    return pair;
  });
}

/** Draw a table of the measures of panels' models, with what each says in one sentence. */
export function showStatistics(table, panels) {
  const names = panels.map(({ name }) => name);
  const measures = new Map();
  panels.forEach(({ statistics }, index) => {
    for (const measure of statistics.measures) {
      if (!measures.has(measure.name)) measures.set(measure.name, []);
      measures.get(measure.name)[index] = measure;
    }
  });
  const head = row(["", ...names], "th", "col");
  const rows = [...measures.values()].map((found) => measureRow(found, names));
  table.replaceChildren(head, ...rows);
  table.parentElement.hidden = rows.length === 0;
}

function measureRow(found, names) {
  const any = found.find(Boolean);
  const title = document.createElement("th");
  title.scope = "row";
  title.append(titleOf(any.name));
  const note = [any.unit, BETTER[any.better]].filter(Boolean).join(", ");
  title.append(part("small", note));
  const best = bestOf(found, any.better);
  const cells = names.map((_, index) => {
    const cell = document.createElement("td");
    const measure = found[index];
    if (measure === undefined) {
      cell.append(part("small", "not defined for this kind"));
      return cell;
    }
    const value = part(measure === best ? "strong" : "span", formatted(measure.value));
    value.className = "figure";
    cell.append(value, part("p", measure.sentence));
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
    const cell = part(text ? tag : "td", text);
    if (text) cell.scope = scope;
    line.append(cell);
  }
  return line;
}

function part(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
