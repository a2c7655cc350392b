/** Copying commands and links, and saving files. */

import { button, byId, find } from "./elements.js";
import { announce } from "./status.js";

/**
 * Buttons for a picture: copy the shell command that makes it, and save it.
 *
 * @param {() => string} command
 * @param {() => unknown} save
 */
export function actionsFor(command, save) {
  const buttons = document.createElement("span");
  buttons.className = "actions";
  buttons.append(
    button("Copy curl", () => copy(command())),
    button("Download", save),
  );
  return buttons;
}

/**
 * Put a text on the clipboard. Where the browser forbids it, show the text to copy by hand.
 *
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
  } catch {
    const dialog = byId("by-hand", HTMLDialogElement);
    const field = find(dialog, "textarea", HTMLTextAreaElement);
    field.value = text;
    dialog.showModal();
    field.select();
  }
}

/**
 * @param {Blob} blob
 * @param {string} fileName
 */
export function download(blob, fileName) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
