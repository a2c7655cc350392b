/** Copying and downloading: what a picture or a set of numbers came from, and the thing itself. */

import { button } from "./elements.js";

const SHOWN_MILLISECONDS = 8000;
let silence;

/** Buttons for a picture: `command()` is the shell command that makes it, `save()` downloads it. */
export function actionsFor(command, save) {
  const buttons = document.createElement("span");
  buttons.className = "actions";
  buttons.append(
    button("Copy curl", () => copy(command())),
    button("Download", save),
  );
  return buttons;
}

/** Put a text on the clipboard; where the browser forbids it, show it to be copied by hand. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
  } catch {
    const dialog = document.getElementById("by-hand");
    const field = dialog.querySelector("textarea");
    field.value = text;
    dialog.showModal();
    field.select();
  }
}

/** Save bytes under a name. */
export function download(blob, fileName) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Say something in the page's status line for a while; screen readers read it out. */
export function announce(text) {
  const line = document.getElementById("status");
  line.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => line.replaceChildren(), SHOWN_MILLISECONDS);
}
