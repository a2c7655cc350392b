/** The colour and the shape that stand for a class. */

/**
 * Ten colours that stay distinct in common colour-vision deficiencies (Petroff 2021, "Accessible
 * Color Sequences for Data Visualization"). The training package's figures use the same.
 */
const COLOURS = [
  "#3f90da",
  "#ffa90e",
  "#bd1f01",
  "#94a4a2",
  "#832db6",
  "#a96b59",
  "#e76300",
  "#b9ac70",
  "#717581",
  "#92dadd",
];

/** Each ten classes share a shape, so that up to forty classes look different. */
const SHAPES = ["circle", "square", "triangle", "diamond"];

/** @param {number} label */
export function colourOf(label) {
  return COLOURS[label % COLOURS.length];
}

/**
 * Add the outline of a class's mark around (x, y) to the context's path.
 *
 * @param {Pick<CanvasPath, "arc" | "lineTo" | "moveTo">} context
 * @param {number} label
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export function traceMark(context, label, x, y, radius) {
  const shape = SHAPES[Math.floor(label / COLOURS.length) % SHAPES.length];
  if (shape === "circle") {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const corners = shape === "triangle" ? 3 : 4;
  const start = shape === "square" ? Math.PI / 4 : -Math.PI / 2;
  for (let corner = 0; corner <= corners; corner += 1) {
    const angle = start + (2 * Math.PI * corner) / corners;
    const cornerX = x + 1.2 * radius * Math.cos(angle);
    const cornerY = y + 1.2 * radius * Math.sin(angle);
    if (corner === 0) context.moveTo(cornerX, cornerY);
    else context.lineTo(cornerX, cornerY);
  }
}
