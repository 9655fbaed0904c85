import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { makeUndeletable } from '../support/undeletable.ts';

const schedules = (id: number) => [
  { id, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 },
];
const idIn = (file: string) => Number(/Schedule ID: (\d+)/.exec(readFileSync(file, 'utf8'))?.[1]);

test('`update_cron_schedules` always leaves the later of two updates in place', async (t) => {
  const daemon = await startDaemon(t);
  const update = (id: number) =>
    daemon.ask({ cmd: 'update_cron_schedules', args: { schedules: schedules(id) } });
  for (let round = 1; round <= 20; round++) {
    const first = await update(round * 10);
    const second = await update(round * 10 + 1);
    await Promise.all([daemon.ended(first.id as string), daemon.ended(second.id as string)]);
    assert.equal(idIn(daemon.at.cronFile), round * 10 + 1);
  }
});

test('`update_cron_schedules` processes run one at a time under load, in the order of their rows', async (t) => {
  const daemon = await startDaemon(t);
  const ids = Array.from({ length: 60 }, (_, index) => index + 1);
  const deletions = ids.map((id) => daemon.deletion(join(daemon.at.backups, `b${id}`)));
  const updates = ids.map((id) =>
    daemon.ask({ cmd: 'update_cron_schedules', args: { schedules: schedules(id) } }),
  );
  await Promise.all(deletions);
  const replies = await Promise.all(updates);
  for (const { id } of replies) await daemon.ended(id as string);

  const rows = daemon.rows().filter(({ type }) => type === 'update_cron_schedules');
  const lastRow = rows.at(-1)?.command_id;
  const lastSent = replies.findIndex(({ id }) => id === lastRow);
  assert.equal(idIn(daemon.at.cronFile), ids[lastSent]);
  const ran = daemon.query(
    `SELECT process_id, to_state FROM cmd_transition JOIN process ON process.id = process_id
     WHERE type = 'update_cron_schedules' AND to_state <> 'pending' ORDER BY cmd_transition.id`,
  );
  const oneByOne = rows.flatMap(({ id }) => [
    { process_id: id, to_state: 'running' },
    { process_id: id, to_state: 'succeeded' },
  ]);
  assert.deepEqual(ran, oneByOne);
});

test('`update_cron_schedules` that fails leaves the old file and no staged file, and says what to do', async (t) => {
  const daemon = await startDaemon(t);
  const folder = join(daemon.at.folder, 'cron.d');
  await daemon.carryOut('update_cron_schedules', { schedules: schedules(1) });

  const release = makeUndeletable(t, folder);
  const unstaged = await daemon.carryOut('update_cron_schedules', { schedules: schedules(2) });
  release();
  assert.deepEqual([unstaged.status, unstaged.return_code], ['failed', -1]);
  assert.match(
    unstaged.error as string,
    /the new cron file could not be written; the old one is untouched: E(PERM|ACCES).*What to do: check/,
  );
  assert.equal(daemon.transitions(unstaged.command_id).at(-1)?.event, 'process.faulted');
  assert.equal(idIn(daemon.at.cronFile), 1);
  assert.deepEqual(readdirSync(folder), ['dbcalm']);
  assert.equal(
    (await daemon.carryOut('update_cron_schedules', { schedules: schedules(3) })).status,
    'success',
  );
});

test('`update_cron_schedules` leaves a directory at the path of the cron file alone and removes the staged file', async (t) => {
  const daemon = await startDaemon(t, {
    arrange: ({ cronFile }) => mkdirSync(join(cronFile, 'inner'), { recursive: true }),
  });
  const row = await daemon.carryOut('update_cron_schedules', { schedules: schedules(1) });
  assert.deepEqual([row.status, row.return_code], ['failed', 1]);
  const { cronFile } = daemon.at;
  assert.match(row.error as string, new RegExp(`mv: .*'${cronFile}'`), 'by its real path');
  assert.deepEqual(readdirSync(join(daemon.at.folder, 'cron.d')), ['dbcalm']);
  assert.deepEqual(readdirSync(daemon.at.cronFile), ['inner']);
});

test('`update_cron_schedules` fails with a remedy and changes nothing if its directory is missing or open to others', async (t) => {
  const daemon = await startDaemon(t);
  const directory = join(daemon.at.folder, 'cron.d');
  const failed = async () => {
    const { status, error } = await daemon.carryOut('update_cron_schedules', { schedules: schedules(1) });
    assert.equal(status, 'failed');
    return error as string;
  };
  chmodSync(directory, 0o775);
  assert.match(await failed(), /cron\.d has mode 0775, .*\. What to do: give the directory of cron_file and/);
  assert.deepEqual(readdirSync(directory), []);
  rmdirSync(directory);
  assert.match(await failed(), /could not be written.*there is no directory .*cron\.d\. What to do: check/);
  assert.equal(existsSync(directory), false);
});

test('`update_cron_schedules` gives each version of the file an mtime in another second', async (t) => {
  const daemon = await startDaemon(t);
  const { cronFile } = daemon.at;
  const seconds: number[] = [];
  for (const id of [1, 2, 3]) {
    await daemon.carryOut('update_cron_schedules', { schedules: schedules(id) });
    seconds.push(Math.floor(statSync(cronFile).mtimeMs / 1_000));
  }
  const future = Math.floor(Date.now() / 1_000) + 86_400;
  utimesSync(cronFile, future, future);
  await daemon.carryOut('update_cron_schedules', { schedules: schedules(4) });
  seconds.push(Math.floor(statSync(cronFile).mtimeMs / 1_000));
  assert.equal(new Set(seconds).size, 4, `${seconds}`);
  assert.equal(seconds[3], future + 1);
});

test('`update_cron_schedules` replaces a symlink at the path of the cron file and does not follow it', async (t) => {
  const daemon = await startDaemon(t, {
    arrange: ({ folder, cronFile }) => {
      writeFileSync(join(folder, 'other'), 'mine');
      chmodSync(join(folder, 'other'), 0o600);
      symlinkSync(join(folder, 'other'), cronFile);
    },
  });
  const row = await daemon.carryOut('update_cron_schedules', { schedules: schedules(1) });
  assert.equal(row.status, 'success');
  assert.equal(readFileSync(join(daemon.at.folder, 'other'), 'utf8'), 'mine');
  assert.equal(idIn(daemon.at.cronFile), 1);
});

test('`update_cron_schedules` writes a crontab of 2,000 schedules with each of them', async (t) => {
  const daemon = await startDaemon(t);
  const many = Array.from({ length: 2_000 }, (_, index) => schedules(index + 1)[0]);
  const row = await daemon.carryOut('update_cron_schedules', { schedules: many });
  assert.equal(row.status, 'success');
  const ids = [...readFileSync(daemon.at.cronFile, 'utf8').matchAll(/Schedule ID: (\d+)/g)].map(([, id]) =>
    Number(id),
  );
  assert.deepEqual(
    ids,
    many.map((_, index) => index + 1),
  );
});
