import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMounts } from '../../../src/io/fs/mounts.ts';

const LINE = (point: string) => `36 35 98:0 / ${point} rw,noatime master:1 - ext3 /dev/root rw`;

test('`readMounts` knows all mount points and the directories above them, and unescapes names', () => {
  const mounts = readMounts([LINE('/'), LINE('/r/a\\040b/c'), ''].join('\n'));
  assert.deepEqual([mounts.isPoint('/r/a b/c'), mounts.isAbove('/r/a b/c')], [true, false]);
  assert.deepEqual([mounts.isPoint('/r/a b'), mounts.isAbove('/r/a b')], [false, true]);
  assert.deepEqual([mounts.isPoint('/r/a'), mounts.isAbove('/r/a')], [false, false]);
});

test('`readMounts` reads the mounts of the machine by default', () => {
  assert.ok(readMounts().isPoint('/proc'));
  assert.ok(readMounts().isAbove('/'));
});
