import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testFolder } from '../support/folder.ts';
import { noMember } from '../support/member.ts';
import { runHostileMember } from './hostile-member.ts';

const LASTS_MS = 30_000;

test('dbcalm-cmd protects every canary and every command from half a minute of random attacks of a group member', {
  skip: noMember(),
}, async (t) => {
  const complaints: string[] = [];
  const { deeds, ...figures } = await runHostileMember({
    lastsMs: LASTS_MS,
    seed: 20_261_123,
    folder: testFolder(t, 'dbcalm-cmd-attack-'),
    complain: (complaint) => complaints.push(complaint),
  });
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(complaints, []);
  assert.ok(figures.acknowledged > 0, 'the daemon lived long enough to accept something');
  const done = Object.values(deeds).filter(({ done: times }) => times > 0).length;
  assert.ok(done > 10, `only ${done} sorts of deeds were done`);
});
