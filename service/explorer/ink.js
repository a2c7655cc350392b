/** Lines and texts with a dark rim, so that they show on light and dark pictures alike. */

export const SHADE = "rgb(0 0 0 / 65%)";
const TEXT_RIM = "rgb(0 0 0 / 85%)";
const FONT = "12px system-ui, sans-serif";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {string} colour
 */
export function drawLine(context, from, to, colour) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  outline(context, colour);
}

/**
 * Stroke the current path.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 */
export function outline(context, colour) {
  context.lineWidth = 3;
  context.strokeStyle = SHADE;
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y of the text's middle
 * @param {CanvasTextAlign} align
 */
export function write(context, text, x, y, align = "center") {
  context.font = FONT;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = TEXT_RIM;
  const dash = context.getLineDash();
  context.setLineDash([]);
  context.strokeText(text, x, y);
  context.setLineDash(dash);
  context.fillStyle = "#fff";
  context.fillText(text, x, y);
}
