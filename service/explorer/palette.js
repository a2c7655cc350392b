/** One colour and one shape a class, in the order of the class names. */

/**
 * Ten colours that stay apart in common colour-vision deficiencies (Petroff 2021, "Accessible Color
 * Sequences for Data Visualization"), the same as in the figures of the training package.
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

/** After every ten classes the next shape, so that no two of up to forty look alike. */
const SHAPES = ["circle", "square", "triangle", "diamond"];

/** The colour of a class. */
export function colourOf(label) {
  return COLOURS[label % COLOURS.length];
}

/** The shape of a class. */
function shapeOf(label) {
  return SHAPES[Math.floor(label / COLOURS.length) % SHAPES.length];
}

/** Add the outline of a class's mark around (x, y) to the context's path. */
export function traceMark(context, label, x, y, radius) {
  const shape = shapeOf(label);
  if (shape === "circle") {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const corners = { square: 4, triangle: 3, diamond: 4 }[shape];
  const start = shape === "square" ? Math.PI / 4 : -Math.PI / 2;
  for (let corner = 0; corner <= corners; corner += 1) {
    const angle = start + (2 * Math.PI * corner) / corners;
    const point = [x + 1.2 * radius * Math.cos(angle), y + 1.2 * radius * Math.sin(angle)];
    if (corner === 0) context.moveTo(...point);
    else context.lineTo(...point);
  }
}
