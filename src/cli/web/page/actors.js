/** @import { ActorView } from '../../../actors/admin/actor-tree.ts' */
/** @import { Drawing } from '../drawing.ts' */
import { byId, element, fill, setAttributes } from './elements.js';
import { showKeyed } from './keyed.js';
import { keepStop, makeRoving } from './roving.js';
import { age, eventWords, shortId } from './words.js';

/** Of each supervisor. */
const MAX_CHILDREN = 50;
const ITEM = '[role=treeitem]';

/**
 * @typedef {object} Shown
 * @property {string} key
 * @property {number} level
 * @property {ActorView | undefined} actor undefined: only `words`
 * @property {string} words
 */

export class ActorsView {
  #list = byId('actors');
  /** @type {Map<string, ActorView>} */
  #actors = new Map();

  /** @type {readonly Drawing[]} */
  #drawings;

  /**
   * @param {readonly Drawing[]} drawings
   * @param {(actor: ActorView) => void} choose
   */
  constructor(drawings, choose) {
    this.#drawings = drawings;
    makeRoving(this.#list, {
      item: ITEM,
      choose: ({ dataset }) => {
        const actor = this.#actors.get(dataset.key ?? '');
        if (actor) choose(actor);
      },
    });
  }

  /**
   * @param {ActorView} root
   * @param {(actor: ActorView) => boolean} isChosen whose path is shown
   */
  show(root, isChosen) {
    const shown = flatten(root, 1, '');
    this.#actors = new Map(shown.flatMap(({ key, actor }) => (actor ? [[key, actor]] : [])));
    showKeyed(this.#list, shown, {
      key: ({ key }) => key,
      make: () =>
        element(
          'div',
          { role: 'treeitem', tabindex: -1 },
          ...['name', 'state', 'age', 'about'].map((name) => element('span', { class: name })),
        ),
      update: (row, { level, actor, words }) => {
        setAttributes(row, {
          'aria-level': level,
          'aria-selected': actor ? String(isChosen(actor)) : undefined,
        });
        row.style.setProperty('--level', String(level - 1));
        const texts = actor ? textsOf(actor, this.#drawings) : [words];
        for (const [at, cell] of [...row.children].entries()) fill(cell, texts[at]);
        setAttributes(/** @type {Element} */ (row.children[1]), {
          'data-outcome': actor?.state.split('.')[0],
        });
      },
    });
    keepStop(this.#list, ITEM);
  }
}

/**
 * @param {ActorView} actor
 * @param {readonly Drawing[]} drawings
 */
function textsOf({ id, state, age_ms, last_event: last, type, command_id, connection_id }, drawings) {
  const of = command_id ?? connection_id;
  return [
    id,
    state,
    age_ms === undefined ? '' : age(age_ms),
    [
      of && [type, shortId(of)].filter(Boolean).join(' '),
      last && `${eventWords(last.type, drawings)}, ${age(last.ms_ago)} ago`,
    ]
      .filter(Boolean)
      .join(' · '),
  ];
}

/**
 * @param {ActorView} actor
 * @param {number} level
 * @param {string} above
 * @returns {Shown[]}
 */
function flatten(actor, level, above) {
  const { id, command_id, connection_id, children, left = 0 } = actor;
  // A place in a pool is used again by another.
  const key = `${above}/${id} ${command_id ?? connection_id ?? ''}`;
  const inside = children.slice(0, MAX_CHILDREN).flatMap((child) => flatten(child, level + 1, key));
  const more = children.length - Math.min(children.length, MAX_CHILDREN) + left;
  const rest =
    more > 0 ? [{ key: `${key} more`, level: level + 1, actor: undefined, words: `and ${more} more` }] : [];
  return [{ key, level, actor, words: '' }, ...inside, ...rest];
}
