/** A pad to draw a picture on: white on black, as the models know pictures. */

const BRUSH = 20; // pixels of 280, about as thick as what the data show

/** Open the dialog's pad; `use(file)` gets the drawing as a PNG file. */
export function setUpSketch(dialog, use) {
  const pad = dialog.querySelector("canvas");
  const context = pad.getContext("2d");
  let count = 0;
  const clear = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, pad.width, pad.height);
  };
  const at = ({ offsetX, offsetY }) => [
    (offsetX * pad.width) / pad.clientWidth,
    (offsetY * pad.height) / pad.clientHeight,
  ];
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    context.beginPath();
    context.moveTo(...at(event));
    draw(context, at(event));
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.buttons) draw(context, at(event));
  });
  dialog.querySelector("[data-act=clear]").addEventListener("click", clear);
  dialog.querySelector("[data-act=use]").addEventListener("click", () => {
    pad.toBlob((blob) => {
      count += 1;
      use(new File([blob], `drawing-${count}.png`, { type: "image/png" }));
      dialog.close();
      clear();
    }, "image/png");
  });
  clear();
}

function draw(context, point) {
  context.lineTo(...point);
  context.lineWidth = BRUSH;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = "#fff";
  context.stroke();
}
