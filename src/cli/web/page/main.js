/** The views of the page. Each message contains the whole state of a topic; only the user's selection is kept here. */
/** @import { ActorView } from '../../../actors/admin/actor-tree.ts' */
/** @import { Row } from './feed.js' */
/** @import { ChartPath } from '../chart-path.ts' */
import { ActorsView } from './actors.js';
import { announce, announceEnds } from './announce.js';
import { showCounters } from './counters.js';
import { DetailsView } from './details.js';
import { byId, fill } from './elements.js';
import { askCharts, askCommand, askTrail, listen } from './feed.js';
import { MachinesView } from './machines.js';
import { TimelineView } from './timeline.js';
import { shortId } from './words.js';

/** @type {readonly Row[] | undefined} */
let rows;
/** @type {ActorView | undefined} */
let root;
/** Whether the daemon carries nothing out. */
let shadow = false;
/** By machine: the key whose path is shown; without an entry the newest one. @type {Map<string, { key: string, of: string }>} */
const chosen = new Map();

const drawings = await askCharts();
const machines = new MachinesView(drawings, showPath);
const details = new DetailsView((id) => timeline.focus(id));
const actors = new ActorsView(drawings, (actor) => {
  const machine = machineOf(actor);
  if (!machine) return;
  chosen.set(machine, { key: keyOf(actor), of: `${actor.id} ${shortId(keyOf(actor))}` });
  machines.show(machine);
  const row = rows?.find(({ command_id }) => machine === 'process' && command_id === actor.command_id);
  if (row) openRow(row);
  else byId('machine').scrollIntoView({ block: 'nearest' });
  showChosen();
});
const timeline = new TimelineView(openRow);

/** @param {Row} row */
function openRow(row) {
  chosen.set('process', { key: row.command_id, of: `${row.type} ${shortId(row.command_id)}` });
  if (machines.shown !== 'process') machines.show('process');
  void details.open(row);
  showChosen();
}

function showChosen() {
  timeline.show({ chosen: chosen.get('process')?.key ?? '' });
  if (root) actors.show(root, (actor) => keyOf(actor) === chosen.get(machineOf(actor) ?? '')?.key);
  void showPath();
}

/** @param {ActorView} actor */
function machineOf({ id }) {
  return /^(daemon|process|connection)(-\d+)?$/.exec(id)?.[1];
}

/** @param {ActorView} actor */
function keyOf(actor) {
  const { id, command_id, connection_id = '' } = actor;
  if (id === 'daemon') return id;
  return machineOf(actor) === 'process' ? (command_id ?? '') : connection_id;
}

/** @param {string} machine */
function newest(machine) {
  if (machine === 'daemon') return { key: 'daemon', of: 'the daemon' };
  if (machine === 'process') {
    const [row] = rows ?? [];
    return row && { key: row.command_id, of: `${row.type} ${shortId(row.command_id)}, the newest` };
  }
  const actor = root?.children.find(({ id }) => id === 'connections')?.children.at(-1);
  return actor && { key: keyOf(actor), of: `${actor.id} ${shortId(keyOf(actor))}` };
}

/** @type {{ known: string, path: ChartPath } | undefined} */
let rough;

async function showPath() {
  const machine = machines.shown;
  const wanted = chosen.get(machine) ?? newest(machine);
  if (!wanted) return machines.showPath(undefined);
  const trail = await askTrail(wanted.key).catch(() => null);
  const state = rows?.find(({ command_id }) => command_id === wanted.key)?.state;
  const known = `${wanted.key} ${state}`;
  if (!trail && machine === 'process' && rough?.known !== known) {
    const { path } = await askCommand(wanted.key).catch(() => ({ path: undefined }));
    rough = path && { known, path };
  }
  // The user may have selected another one during the request.
  if (machines.shown !== machine || (chosen.get(machine) ?? newest(machine))?.key !== wanted.key) return;
  if (trail) {
    const note = trail.whole ? '' : 'as far as it was watched';
    machines.showPath({ of: wanted.of, note, path: trail.path, steps: trail.steps });
  } else {
    const note = 'its states on record; the steps between were not watched';
    machines.showPath(rough && { of: wanted.of, note, path: rough.path, steps: [] });
  }
}

/**
 * @param {'waiting' | 'away' | 'there' | 'lost'} state
 * @param {string} text
 */
function showLink(state, text) {
  const link = byId('link');
  if (link.textContent === text) return;
  if (link.dataset.link !== 'waiting') announce(text);
  link.dataset.link = state;
  fill(link, text);
  document.body.classList.toggle('old', state === 'away' || state === 'lost');
}

function showThere() {
  showLink('there', `✓ The daemon answers.${shadow ? ' It is a shadow: nothing is carried out.' : ''}`);
}

listen({
  link: (link) => {
    if (link === 'lost')
      showLink(
        'lost',
        '✗ This page is not served any more: run dbcalm-cmd inspect --web again, and open the URL that it prints.',
      );
  },
  daemon: ({ away }) => {
    if (away === null) showThere();
    else
      showLink(
        'away',
        `✗ The daemon is away (${away}). What you see was seen last; it goes on when the daemon is back.`,
      );
  },
  state: (state) => {
    root = state.daemon;
    if (shadow !== state.shadow) {
      shadow = state.shadow;
      showThere();
    }
    machines.showLive(root);
    showCounters(state);
    timeline.show({ now: Date.parse(state.at) });
    showChosen();
  },
  processes: ({ processes }) => {
    announceEnds(rows, processes);
    rows = processes;
    timeline.show({ rows });
    void details.refresh(rows);
    void showPath();
  },
});
