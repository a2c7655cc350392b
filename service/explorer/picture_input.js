/** The ways to add a picture: choose a file, drop it, paste it or draw. */

import { byId } from "./elements.js";
import { setUpSketch } from "./sketch.js";
import { announce } from "./status.js";

/** @import { Polarity } from "./picture_entry.js" */

/** @param {(files: File[], polarity: Polarity) => void} add */
export function listenForPictures(add) {
  const chooser = byId("files", HTMLInputElement);
  chooser.addEventListener("change", () => {
    add([...(chooser.files ?? [])], "auto");
    chooser.value = ""; // so that the same file can be chosen again
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) announce("Only files can be dropped here.");
    add(files, "auto");
  });
  addEventListener("paste", (event) => add([...(event.clipboardData?.files ?? [])], "auto"));
  const sketch = byId("sketch", HTMLDialogElement);
  byId("draw", HTMLElement).addEventListener("click", () => sketch.showModal());
  // The pad is white on black already.
  setUpSketch(sketch, (file) => add([file], "keep"));
}
