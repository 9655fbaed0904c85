/**
 * Makes the children of `list` those of `items`, in their order. A child stays the same for as long as its item has the
 * same key: what has the focus keeps it.
 * @template I
 * @param {Element} list
 * @param {readonly I[]} items
 * @param {{ key: (item: I) => string, make: () => HTMLElement, update: (child: HTMLElement, item: I) => void }} how
 */
export function showKeyed(list, items, { key, make, update }) {
  const children = /** @type {HTMLElement[]} */ ([...list.children]);
  const known = new Map(children.map((child) => [child.dataset.key, child]));
  /** @type {Element | null} */
  let before = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let child = known.get(name);
    known.delete(name);
    if (!child) {
      child = make();
      child.dataset.key = name;
    }
    update(child, item);
    if (child === before) before = child.nextElementSibling;
    else list.insertBefore(child, before);
  }
  for (const child of known.values()) child.remove();
}
