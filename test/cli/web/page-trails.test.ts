import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActorView } from '../../../src/actors/admin/actor-tree.ts';
import { type EventLine, Trails } from '../../../src/cli/web/trails.ts';

const actor = (id: string, state: string, more: Partial<ActorView> = {}): ActorView => ({
  id,
  state,
  children: [],
  ...more,
});

const BEGIN = '2026-11-24T02:20:50.000Z';
const at = (second: number) => `2026-11-24T02:20:${String(second).padStart(2, '0')}.000Z`;

function begun(...processes: ActorView[]): Trails {
  const trails = new Trails();
  const supervisor = actor('processes', 'active', { children: processes });
  trails.begin(actor('daemon', 'serving.open.listening', { children: [supervisor] }), BEGIN);
  return trails;
}

/** Adds the events of a command as the daemon reports them: the first one has no command id yet. */
function add(trails: Trails, id: string, ...steps: EventLine[]): void {
  for (const [index, step] of steps.entries())
    trails.add({ at: at(51 + index), actor: 'process-0', ...(index > 0 ? { command_id: id } : {}), ...step });
}

const first = { kind: 'state', event: 'xstate.init', state: 'pending.recording' };
const waiting = { kind: 'state', event: 'xstate.done.actor.0.process', state: 'pending.waiting' };
const end = { kind: 'end', event: 'x', state: 'done' };

const statesOf = (trails: Trails, key: string) => trails.of(key)?.steps.map(({ state }) => state);

test('`Trails` keeps a command by its id from its first state until after its end', () => {
  const trails = begun();
  add(trails, 'a', first, waiting, { ...waiting, event: 'child.spawned' }, end);
  assert.deepEqual(statesOf(trails, 'a'), ['pending.recording', 'pending.waiting']);
  assert.deepEqual([trails.of('a')?.machine, trails.of('a')?.whole], ['process', true]);
  assert.equal(trails.of('b'), undefined);
});

test('`Trails` distinguishes commands that use the same pool slot', () => {
  const trails = begun();
  add(trails, 'a', first, waiting, end);
  add(trails, 'b', first, waiting);
  assert.deepEqual(statesOf(trails, 'a'), statesOf(trails, 'b'));
  assert.notEqual(trails.of('a'), trails.of('b'));
  // The end of this command was lost.
  trails.add({ lost: 1 });
  add(trails, 'c', first, waiting);
  assert.deepEqual([trails.of('b')?.whole, trails.of('c')?.whole], [false, true]);
  assert.deepEqual(statesOf(trails, 'c'), ['pending.recording', 'pending.waiting']);
});

test('`Trails` keeps an actor that existed before the observation from its present state on', () => {
  const trails = begun(actor('process-0', 'running.executing', { command_id: 'a', connection_id: 'c' }));
  add(trails, 'a', {}, { kind: 'state', event: 'child.exited', state: 'running.finishing' });
  assert.deepEqual(statesOf(trails, 'a'), ['running.executing', 'running.finishing']);
  assert.equal(trails.of('a')?.whole, false);
  assert.deepEqual(statesOf(trails, 'daemon'), ['serving.open.listening']);
  trails.add({ at: at(1), kind: 'state', actor: 'daemon', event: 'x', state: 'starting.checking' });
  assert.deepEqual(statesOf(trails, 'daemon'), ['serving.open.listening'], 'older than the look');
});

test('`Trails` marks living actors as incomplete when lines are lost', () => {
  const trails = begun();
  add(trails, 'a', first, waiting, end);
  add(trails, 'b', first, waiting);
  trails.add({ lost: 3 });
  assert.deepEqual([trails.of('a')?.whole, trails.of('b')?.whole], [true, false]);
});

test('`Trails` bounds the number of commands and the steps of each', () => {
  const trails = begun();
  for (let i = 0; i < 600; i++) add(trails, `c${i}`, first, waiting, end);
  assert.equal(trails.of('c0'), undefined);
  assert.ok(trails.of('c599'));
  const round = ['running.preparing', 'running.executing'].map((state) => ({
    kind: 'state',
    event: 'x',
    state,
  }));
  add(trails, 'long', first, ...Array.from({ length: 300 }, () => round).flat());
  assert.equal(trails.of('long')?.steps.length, 200);
  assert.equal(trails.of('long')?.whole, false);
});

test('`Trails` ignores actors that are no machines', () => {
  const trails = begun();
  trails.add({
    at: at(51),
    kind: 'state',
    actor: 'queueHandler',
    event: 'x',
    state: 'active',
    command_id: 'q',
  });
  trails.add({ at: at(51), kind: 'event', actor: 'process-x', event: 'x', command_id: 'q' });
  assert.equal(trails.of('q'), undefined);
});
