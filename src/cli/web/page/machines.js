/** @import { ActorView } from '../../../actors/admin/actor-tree.ts' */
/** @import { Drawing } from '../drawing.ts' */
/** @import { ChartPath } from '../chart-path.ts' */
/** @import { TrailStep } from '../trails.ts' */
import { ChartView, legend } from './chart.js';
import { byId, element, fill, setAttributes } from './elements.js';
import { keepStop, makeRoving } from './roving.js';
import { clock, eventWords } from './words.js';

/**
 * @typedef {object} TakenPath of one actor
 * @property {string} of
 * @property {string} note
 * @property {ChartPath | undefined} path
 * @property {readonly Pick<TrailStep, 'at' | 'state' | 'event'>[]} steps
 */

const STATES = 'g[data-state]';

/** One chart at a time, behind tabs; with the states of those that live, and the path of one. */
export class MachinesView {
  #drawings;
  /** @type {Map<string, ChartView>} */
  #charts;
  /** @type {Map<string, Map<string, number>>} */
  #live = new Map();
  /** @type {TakenPath | undefined} */
  #path;
  shown = 'process';

  /**
   * @param {readonly Drawing[]} drawings
   * @param {() => void} changed another is shown
   */
  constructor(drawings, changed) {
    this.#drawings = drawings;
    this.#charts = new Map(drawings.map((drawing) => [drawing.name, new ChartView(drawing)]));
    const tabs = drawings.map(({ name }) =>
      element('button', {
        type: 'button',
        role: 'tab',
        id: `tab-${name}`,
        'data-machine': name,
        'aria-controls': 'machine',
      }),
    );
    fill(byId('tabs'), ...tabs);
    byId('chart').before(legend());
    makeRoving(byId('tabs'), {
      item: '[role=tab]',
      along: 'both',
      focusChooses: true,
      choose: ({ dataset }) => {
        if (dataset.machine === this.shown) return;
        this.show(dataset.machine ?? '');
        changed();
      },
    });
    const tell = (/** @type {Event} */ { target }) => {
      const state = target instanceof Element ? target.closest(STATES) : null;
      if (state instanceof SVGElement) byId('about').textContent = state.dataset.about ?? '';
    };
    for (const event of ['focusin', 'pointerover']) byId('chart').addEventListener(event, tell);
    makeRoving(byId('chart'), { item: STATES, along: 'both', choose: () => {} });
    this.show(this.shown);
  }

  /** @param {string} name */
  show(name) {
    this.shown = name;
    this.#path = undefined;
    for (const tab of byId('tabs').children) {
      const chosen = tab.id === `tab-${name}`;
      setAttributes(tab, { 'aria-selected': String(chosen), tabindex: chosen ? 0 : -1 });
    }
    byId('machine').setAttribute('aria-labelledby', `tab-${name}`);
    fill(byId('chart'), this.#charts.get(name)?.svg);
    fill(byId('about'), 'Each state says here what it is, under the pointer or by the arrow keys.');
    keepStop(byId('chart'), STATES);
    this.#draw();
  }

  /** @param {ActorView} root */
  showLive(root) {
    const actors = [root, ...root.children.flatMap(({ children }) => children)];
    for (const name of this.#charts.keys()) {
      /** @type {Map<string, number>} */
      const counts = new Map();
      for (const { id, state } of actors) {
        if (id !== name && !id.startsWith(`${name}-`)) continue;
        const key = state.replaceAll('.', '_');
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      this.#live.set(name, counts);
    }
    this.#draw();
  }

  /** @param {TakenPath | undefined} path undefined: no path is known */
  showPath(path) {
    this.#path = path;
    this.#draw();
  }

  #draw() {
    for (const tab of byId('tabs').children) {
      const name = /** @type {HTMLElement} */ (tab).dataset.machine ?? '';
      const living = [...(this.#live.get(name)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
      fill(tab, `${name} (${living})`);
    }
    this.#charts.get(this.shown)?.light(this.#live.get(this.shown) ?? new Map(), this.#path?.path);
    const { of, note, steps = [] } = this.#path ?? {};
    fill(
      byId('whose'),
      ...(of
        ? ['Path of ', element('strong', {}, of), note ? ` (${note})` : '']
        : ['Nobody’s path is known here.']),
    );
    fill(
      byId('trail'),
      ...steps.map(({ at, state, event }) =>
        element(
          'li',
          {},
          element('time', {}, clock(at)),
          ' ',
          element('b', {}, state),
          ' ',
          element('span', { class: 'faint' }, eventWords(event, this.#drawings)),
        ),
      ),
    );
  }
}
