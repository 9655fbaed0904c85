import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminSocket, dryRun, look } from '../support/admin.ts';
import { EMPTY } from '../support/callers.ts';
import { startDaemon } from '../support/daemon.ts';
import { schedulesOf } from '../support/schedules.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operate.md'), 'utf8');

/** Returns the names in the first column of the table below a heading, without labels. */
function namesOf(heading: string): string[] {
  const [, part = ''] = PAGE.split(`## ${heading}\n`);
  const rows = (part.split('\n## ')[0] as string).split('\n').filter((line) => line.startsWith('| `'));
  const names = rows.flatMap((row) => [...(row.split(' | ')[0] as string).matchAll(/`([\w.]+)/g)]);
  return names.map(([, name]) => name as string);
}

test('docs/operate.md lists every metric and no other', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.ask({ cmd: 'none' });
  const scrape = () => look(adminSocket(daemon), '/metrics');
  let { text } = await scrape();
  // The first scrape has no event loop delay.
  while (!text.includes('event_loop_delay_max')) ({ text } = await scrape());
  const told = [...text.matchAll(/^# TYPE dbcalm_cmd_(\w+) /gm)].map(([, name]) => name as string);
  assert.deepEqual(namesOf('Metrics').sort(), told.sort());
});

test('docs/operate.md lists every field of the log, and exactly the fields of the audit log', async (t) => {
  const daemon = await startDaemon(t, { config: { shadow: false } });
  const { backups, folder } = daemon.at;
  await daemon.carryOut('cleanup_backups', EMPTY.args);
  await daemon.carryOut('update_cron_schedules', { schedules: schedulesOf(1) });
  await daemon.deletion(backups);
  await dryRun(daemon, EMPTY);
  await daemon.stop();
  const log = new Set(daemon.logLines().flatMap((line) => Object.keys(line)));
  const known = namesOf('The log');
  assert.deepEqual(
    [...log].filter((field) => !known.includes(field)),
    [],
  );
  const lines = readFileSync(join(folder, 'log', 'cmd-audit.log'), 'utf8')
    .split('\n')
    .filter(Boolean);
  const audit = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line) as object)));
  assert.deepEqual(
    namesOf('The audit log')
      .filter((field) => field !== 'shadow')
      .sort(),
    [...audit].sort(),
  );
});
