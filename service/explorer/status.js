/** The status line of the page, which screen readers read out. */

import { byId } from "./elements.js";

const SHOWN_MILLISECONDS = 8000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Show a message for a few seconds.
 *
 * @param {string} text
 */
export function announce(text) {
  const line = byId("status", HTMLElement);
  line.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => line.replaceChildren(), SHOWN_MILLISECONDS);
}

/** @param {unknown} error what was caught */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
