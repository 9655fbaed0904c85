import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, createMachine, fromCallback, type InspectionEvent } from 'xstate';
import { viewOf } from '../../../src/actors/admin/actor-tree.ts';
import { Inspection } from '../../../src/actors/admin/inspection.ts';
import { noted } from '../../../src/actors/shared/activity.ts';
import { ActorPool } from '../../../src/actors/shared/actor-pool.ts';
import { failOnWarnings } from '../../support/no-warnings.ts';

failOnWarnings();

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  states: {
    off: { on: { press: 'on' } },
    on: { initial: 'dim', states: { dim: {} }, on: { press: 'broken' } },
    broken: { type: 'final' },
  },
});

/** A lamp whose inspection is counted. */
function inspected() {
  const actor = createActor(noted(lamp), { id: 'lamp' }).start();
  const inspect = actor.system.inspect.bind(actor.system);
  const switched: string[] = [];
  actor.system.inspect = (observer) => {
    switched.push('on');
    const { unsubscribe } = inspect(observer as (event: InspectionEvent) => void);
    return {
      unsubscribe: () => {
        switched.push('off');
        unsubscribe();
      },
    };
  };
  return { actor, inspection: new Inspection(actor), switched };
}

test('`Inspection` starts with the first reader and stops with the last', () => {
  const { actor, inspection, switched } = inspected();
  const lines: string[] = [];
  assert.deepEqual(switched, []);
  const first = inspection.add({ write: (line) => void lines.push(line) });
  const second = inspection.add({ actor: 'other', write: () => assert.fail('not asked for') });
  actor.send({ type: 'press' });
  first();
  second();
  assert.deepEqual([switched, inspection.readers], [['on', 'off'], 0]);
  actor.send({ type: 'press' });
  const told = lines.map((line) => {
    const { at: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return rest;
  });
  assert.deepEqual(told, [
    { kind: 'event', actor: 'lamp', event: 'press' },
    { kind: 'state', actor: 'lamp', event: 'press', state: 'on.dim' },
  ]);
});

test('`Inspection` omits the data of an event, and goes on if a reader throws', () => {
  const { actor, inspection } = inspected();
  let text = '';
  inspection.add({
    write: (line) => {
      text += line;
      throw new Error('of the test');
    },
  });
  actor.send({ type: 'press', path: 'secret' } as never);
  assert.equal(actor.getSnapshot().status, 'active');
  assert.match(text, /press/);
  assert.ok(!text.includes('secret'));
});

test('`Inspection` never serialises the data of an event or a snapshot', () => {
  const { actor, inspection } = inspected();
  let serialised = 0;
  const carried = { toJSON: () => serialised++ };
  const persist = actor.getPersistedSnapshot.bind(actor);
  actor.getPersistedSnapshot = () => {
    serialised++;
    return persist();
  };
  const lines: string[] = [];
  const leave = inspection.add({ write: (line) => void lines.push(line) });
  actor.send({ type: 'press', carried } as never);
  leave();
  const told = lines.length;
  actor.send({ type: 'press', carried } as never);
  viewOf(actor);
  assert.ok(told > 0);
  assert.deepEqual([serialised, lines.length], [0, told]);
});

test('`viewOf` gives the age and the last event of an actor without inspection', () => {
  const { actor } = inspected();
  const now = Date.now() + 1_000;
  assert.equal(viewOf(actor).last_event, undefined);
  actor.send({ type: 'press' });
  const { id, state, age_ms, last_event } = viewOf(actor, now);
  assert.deepEqual([id, state, last_event?.type], ['lamp', 'on.dim', 'press']);
  assert.ok((age_ms as number) >= (last_event?.ms_ago as number) && (last_event?.ms_ago as number) <= 1_000);
});

test('`viewOf` lists a thousand children, and counts those that it leaves out', () => {
  const idle = fromCallback(() => {});
  const supervisor = createActor(
    createMachine({ invoke: { src: idle }, initial: 'on', states: { on: {} } }),
  ).start();
  const pool = new ActorPool(idle, 'child', supervisor);
  for (let i = 0; i < 1_000; i++) pool.start(() => undefined as never);
  const { children, left } = viewOf(supervisor);
  assert.deepEqual([children.length, left], [1_000, 1]);
});
