/**
 * Text of the daemon's becomes text, and nothing else: there is no other way to put it on the page.
 * @typedef {string | number | Node | null | undefined} Content
 */

/** Controls but for lines and tabs, and what turns or hides text: spelled out, as on a terminal. */
const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const spelled = (/** @type {string} */ char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | undefined>} [attributes] true: there without a value; false,
 *   undefined: not there
 * @param {readonly Content[]} contents
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...contents) {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  fill(made, ...contents);
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {readonly Content[]} contents
 * @returns {SVGElementTagNameMap[T]}
 */
export function drawn(tag, attributes = {}, ...contents) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAttributes(made, attributes);
  fill(made, ...contents);
  return made;
}

/**
 * @param {Element} target
 * @param {Record<string, string | number | boolean | undefined>} attributes
 */
export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? '' : String(value).replace(UNSAFE, spelled));
  }
}

/**
 * In the place of what was in it.
 * @param {Element} target
 * @param {readonly Content[]} contents
 */
export function fill(target, ...contents) {
  const nodes = contents.flatMap((content) => {
    if (content === null || content === undefined || content === '') return [];
    return [content instanceof Node ? content : String(content).replace(UNSAFE, spelled)];
  });
  target.replaceChildren(...nodes);
}

/**
 * Of the page's own, which is there.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
