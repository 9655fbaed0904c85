import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as connection from './connection-paths.ts';
import * as daemon from './daemon-paths.ts';
import type { Choice, Reason } from './left-out.ts';
import * as process from './process-paths.ts';
import * as shadow from './shadow-process.ts';

const CHOICES: Readonly<Record<string, readonly [reasons: readonly Reason[], choose: () => Choice]>> = {
  connection: [connection.REASONS, connection.chooseConnectionPaths],
  process: [process.REASONS, process.chooseProcessPaths],
  daemon: [daemon.REASONS, daemon.chooseDaemonPaths],
  'shadow process': [shadow.REASONS, shadow.chooseShadowPaths],
};

for (const [name, [reasons, choose]] of Object.entries(CHOICES)) {
  test(`${name}: each reason to leave out paths concerns at least one path`, (t) => {
    const { leftOut } = choose();
    const counts = reasons.map((reason) => leftOut.filter((one) => one.reasons.includes(reason)).length);
    for (const [index, { what, why }] of reasons.entries())
      t.diagnostic(`${counts[index]} × ${what}: ${why}`);
    const idle = reasons.filter((_, index) => counts[index] === 0).map(({ what }) => what);
    assert.deepEqual(idle, [], 'in the table, and it leaves out nothing');
  });
}
