/** Finding and making elements of the page. */

/**
 * The element that a selector finds. Throws if there is none, or one of another type.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} "${selector}".`);
  return element;
}

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 */
export function byId(id, type) {
  return find(document, `#${id}`, type);
}

/**
 * The part of a template's copy that `data-part` names.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} name
 * @param {new () => T} type
 */
export function partOf(root, name, type) {
  return find(root, `[data-part="${name}"]`, type);
}

/**
 * A copy of the only element in a template.
 *
 * @param {string} id
 */
export function copyOf(id) {
  const copy = document.importNode(byId(id, HTMLTemplateElement).content, true);
  return find(copy, "*", HTMLElement);
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} text
 */
export function textElement(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/**
 * @param {string} text
 * @param {(event: MouseEvent) => unknown} act called for a click
 */
export function button(text, act) {
  const element = textElement("button", text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser cannot draw on a canvas.");
  return context;
}
