/**
 * One stop for the Tab key; inside, the arrow keys go from item to item. Enter, Space and a click choose one.
 * @param {Element} list
 * @param {{ item: string, choose: (item: HTMLElement) => void, along?: 'both' | 'vertical', focusChooses?: boolean }} how
 *   `item`: the selector of the items; `focusChooses`: as tabs do
 */
export function makeRoving(list, { item, choose, along = 'vertical', focusChooses = false }) {
  const items = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(item)]);
  const itemAt = (/** @type {EventTarget | null} */ target) =>
    target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(item)) : null;
  const steps = new Map([
    ['ArrowUp', -1],
    ['ArrowDown', 1],
    .../** @type {[string, number][]} */ (
      along === 'both'
        ? [
            ['ArrowLeft', -1],
            ['ArrowRight', 1],
          ]
        : []
    ),
  ]);
  list.addEventListener('keydown', (given) => {
    const event = /** @type {KeyboardEvent} */ (given);
    const current = itemAt(event.target);
    if (!current || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      return choose(current);
    }
    const all = items();
    const at = all.indexOf(current);
    const ends = new Map([
      ['Home', 0],
      ['End', all.length - 1],
    ]);
    const step = steps.get(event.key);
    const next = ends.get(event.key) ?? (step === undefined ? undefined : at + step);
    if (next === undefined) return;
    event.preventDefault();
    const target = all[Math.max(0, Math.min(next, all.length - 1))];
    target?.focus();
    if (focusChooses && target && target !== current) choose(target);
  });
  list.addEventListener('click', ({ target }) => {
    const chosen = itemAt(target);
    if (!chosen) return;
    chosen.focus();
    choose(chosen);
  });
  list.addEventListener('focusin', ({ target }) => {
    const focused = itemAt(target);
    if (!focused) return;
    for (const one of items()) one.tabIndex = one === focused ? 0 : -1;
  });
}

/**
 * After its items have changed: the Tab key must find one of them.
 * @param {Element} list
 * @param {string} item
 */
export function keepStop(list, item) {
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(item)]);
  if (all.some(({ tabIndex }) => tabIndex === 0)) return;
  for (const [at, one] of all.entries()) one.tabIndex = at === 0 ? 0 : -1;
}
