/** Elements that several parts of the page are made of. */

/** An element with a text. */
export function textElement(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/** A button with a text and what it does. */
export function button(text, act) {
  const element = textElement("button", text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}
