import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { holdDeletion } from '../support/held-deletion.ts';
import { MEMBER, noMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { bounded, startShared } from './member.ts';

/** A program that runs as root for every user, and waits for input. */
const SETUID = '/usr/bin/passwd';
const isThere = () => ((statSync(SETUID, { throwIfNoEntry: false })?.mode ?? 0) & 0o4000) !== 0;

/** Returns an empty list for a process that has ended. */
function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

test('recovery does not take a setuid program that a member starts with the words of `rm` for the child of a dead daemon', {
  skip: noMember() || (!isThere() && 'there is no setuid program'),
}, async (t) => {
  const daemon = await startShared(t);
  const held = await holdDeletion(daemon, 'held');
  const words = commandLine(held.pid);
  const operand = words.at(-1) as string;
  const [, number] = /^\/proc\/self\/fd\/(\d+)\//.exec(operand) ?? [];
  assert.ok(number, operand);
  await daemon.kill();
  process.kill(held.pid, 'SIGKILL');

  // The member may open the directory that `rm` had open. The stopped program never looks at its arguments.
  const directory = openSync(daemon.at.backups, 'r');
  t.after(() => closeSync(directory));
  const stdio = [...Array.from({ length: Number(number) }, () => 'ignore' as const), directory];
  // The program must be stopped before it ends, which takes several attempts on a busy machine.
  await until('a program that is stopped in time', () => {
    const fake = spawn(SETUID, words.slice(1), { argv0: words[0] as string, stdio, ...MEMBER });
    t.after(() => fake.kill('SIGKILL'));
    fake.kill('SIGSTOP');
    return commandLine(fake.pid as number).join() === words.join();
  });

  const next = await startShared(t, { folder: daemon.at.folder });
  const row = await bounded('the end of the deletion', next.ended(held.commandId));
  assert.match(row.error as string, /^interrupted by a restart of the daemon/);
  assert.ok(existsSync(held.path));
});
