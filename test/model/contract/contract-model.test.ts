import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fabricate, INTERRUPTED, removal } from './fabricated-story.ts';
import { all, type Deed, disk, hear, nothing, put, REMOVE_3, row, WRONG } from './wrong-worlds.ts';

/** Returns the complaint of the model, which checks before `then` and after it. */
function complaintOf(first: Deed, then: Deed = nothing): string {
  const story = fabricate();
  try {
    for (const deed of [first, then]) {
      deed(story);
      story.model.checkSettled(story.world);
    }
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

const waiting =
  (whole: boolean): Deed =>
  ({ model }) =>
    void model.clients.set(0, { request: REMOVE_3, whole });
const doubt: Deed = ({ model }) => model.doubt(REMOVE_3);
const gone3 = disk({ folders: new Set([4]) });

const RIGHT: readonly (readonly [what: string, first: Deed, then?: Deed])[] = [
  ['all is as it was asked for', nothing],
  ['one that was interrupted had all but ended', disk({ folders: new Set([3]) })],
  ['nothing came of what nobody heard of', doubt],
  ['something came of it', all(doubt, put(removal(6, 'remove 3', 3)), gone3)],
  ['a client has not heard yet', all(waiting(true), put(removal(6, 'remove 3', 3)), gone3)],
  [
    'it hears later',
    all(waiting(true), put(removal(6, 'remove 3', 3)), gone3),
    all(({ model }) => model.clients.clear(), hear(REMOVE_3, { code: 202, id: 'remove 3' })),
  ],
  [
    'it was killed with what nobody heard of',
    all(doubt, ({ model }) => model.kill(), put({ ...removal(6, 'remove 3', 3), ...INTERRUPTED })),
  ],
  ['a daemon that is about to stop has no room', ({ model }) => model.hear(REMOVE_3, { code: 503 }, true)],
  ['blanks in the JSON of a row', row('remove 0', { args: '{ "path": "/backups/f0" }' })],
];

test('`ContractModel` finds nothing in a right world', async (t) => {
  for (const [what, first, then] of RIGHT) {
    await t.test(what, () => assert.equal(complaintOf(first, then), 'nothing'));
  }
});

test('`ContractModel` reports each wrong world', async (t) => {
  for (const [what, told, first, then] of WRONG) {
    await t.test(what, () => assert.equal(complaintOf(first, then), told));
  }
});

test('`ContractModel` expects no row for an incomplete request', () => {
  const told = complaintOf(all(waiting(false), put(removal(6, 'remove 3', 3)), gone3));
  assert.match(told, /^expected no row that nobody asked for/);
});

test('`WRONG` has a world for each complaint of the model', () => {
  const code = readFileSync(join(import.meta.dirname, 'contract-model.ts'), 'utf8');
  const complaints = [...code.matchAll(/new Error\(\s*[`'](.+?)[`'],?\s*\)/g)].map(([, text = '']) => text);
  assert.equal(complaints.length, code.split('new Error(').length - 1);
  const fits = (complaint: string) => {
    const parts = complaint.split(/\$\{.+?\}/);
    return WRONG.some(([, told]) => parts.every((part) => told.includes(part)));
  };
  assert.deepEqual(
    complaints.filter((complaint) => !fits(complaint)),
    [],
  );
});
