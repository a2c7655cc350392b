/** Copying and downloading: what a picture or a set of numbers came from, and the thing itself. */

import { curlCommand } from "./service.js";

const SHOWN_MILLISECONDS = 8000;
let silence;

/** Buttons for what an operation answered: copy the call as a command, save the bytes. */
export function actionsFor(blob, fileName, path, request) {
  const command = curlCommand(path, { ...request, output: fileName });
  const buttons = document.createElement("span");
  buttons.className = "actions";
  buttons.append(
    button("Copy curl", () => copy(command)),
    button("Download", () => download(blob, fileName)),
  );
  buttons.dataset.command = command;
  return buttons;
}

/** A button with a text and what it does. */
export function button(text, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", act);
  return element;
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
