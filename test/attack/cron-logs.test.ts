import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type Layout, startDaemon } from '../support/daemon.ts';
import { jailed } from '../support/jail.ts';
import { NO_COVERAGE } from '../support/member.ts';
import { until } from '../support/until.ts';

const isRoot = process.getuid?.() === 0;
/** The attacker's user and group, which share the log directory. */
const ATTACKER = 12345;

const logsOf = ({ folder }: Layout) => join(folder, 'log', 'dbcalm');
const canaryOf = ({ folder }: Layout) => join(folder, 'canary');
const UNTOUCHED = 'as it was\n';

/** The log directory as the package makes it, and a file that only root can write to. */
function arrange(at: Layout): void {
  mkdirSync(logsOf(at), { recursive: true });
  if (isRoot) chownSync(logsOf(at), 0, ATTACKER);
  chmodSync(logsOf(at), 0o3770);
  chmodSync(at.folder, 0o711);
  writeFileSync(canaryOf(at), UNTOUCHED, { mode: 0o600 });
}

const schedule = (id: number) => ({ id, backup_type: 'full', frequency: 'hourly', enabled: true, minute: 1 });

/** `SHELL_MS`: how long a FIFO without a reader may hold up a shell. */
const SHELL_MS = 2_000;

/** Appends to the logs of the cron file as the shell of cron does: as the user of the daemon, and following links.
 * Returns the names of the logs that took no line. */
function appendAsCron(at: Layout): string[] {
  const names = [...readFileSync(at.cronFile, 'utf8').matchAll(/>> \/var\/log\/dbcalm\/(\S+) 2>&1$/gm)];
  return names
    .map(([, name]) => name as string)
    .filter((name) => {
      const path = join(logsOf(at), name);
      const [shell, ...words] = jailed(at.folder, ['/bin/sh', '-c', 'echo ran >> "$1"', 'sh', path]);
      return spawnSync(shell as string, words, { timeout: SHELL_MS }).status !== 0;
    });
}

const PLANTED: Record<string, (path: string, at: Layout) => void> = {
  'a symlink to a file of root': (path, at) => symlinkSync(canaryOf(at), path),
  'a symlink to a file that is not there yet': (path, { folder }) => symlinkSync(join(folder, 'made'), path),
  'a hard link to a file of root': (path, at) => linkSync(canaryOf(at), path),
  'a FIFO': (path) => void execFileSync('mkfifo', [path]),
  'a directory': (path) => void mkdirSync(path),
};

for (const [what, plant] of Object.entries(PLANTED)) {
  test(`update_cron_schedules puts no line in place whose log is ${what}`, async (t) => {
    const daemon = await startDaemon(t, { arrange });
    const { at } = daemon;
    const path = join(logsOf(at), 'cron-1.log');
    plant(path, at);
    const refused = await daemon.carryOut('update_cron_schedules', { schedules: [schedule(1)] });
    if (existsSync(at.cronFile)) appendAsCron(at);
    assert.equal(readFileSync(canaryOf(at), 'utf8'), UNTOUCHED);
    assert.ok(!existsSync(join(at.folder, 'made')));
    assert.equal(refused.status, 'failed');
    assert.match(refused.error as string, /cron-1\.log (is|has) .*\. What to do: check what is at the path/);
    assert.deepEqual(readdirSync(join(at.folder, 'cron.d')), []);

    rmSync(path, { recursive: true });
    const accepted = await daemon.carryOut('update_cron_schedules', { schedules: [schedule(1)] });
    assert.equal(accepted.status, 'success');
    assert.deepEqual(appendAsCron(at), []);
    assert.equal(readFileSync(path, 'utf8'), 'ran\n');
    // The log of a removed schedule stays.
    assert.equal((await daemon.carryOut('update_cron_schedules', { schedules: [] })).status, 'success');
    assert.equal(readFileSync(path, 'utf8'), 'ran\n');
  });
}

test('update_cron_schedules refuses a log directory in which the group can replace the logs of root', async (t) => {
  const daemon = await startDaemon(t, { arrange });
  const { at } = daemon;
  chmodSync(logsOf(at), 0o2770);
  const row = await daemon.carryOut('update_cron_schedules', { schedules: [schedule(1)] });
  assert.equal(row.status, 'failed');
  assert.match(row.error as string, /dbcalm has mode 2770, .*What to do: give the directory to root and set/);
  assert.deepEqual([existsSync(at.cronFile), readdirSync(logsOf(at))], [false, []]);
});

/** Puts anything in the place of the log that the file `next` names, and takes it away again, over and over, until `next` is
 * empty; prints how often. */
const VANDAL = `
  const fs = require('node:fs');
  const [logs, canary, next] = process.argv.slice(1);
  const deeds = [
    (path) => fs.symlinkSync(canary, path),
    (path) => fs.linkSync(canary, path),
    (path) => fs.writeFileSync(path, ''),
    (path) => fs.mkdirSync(path),
    (path) => { fs.symlinkSync(canary, path + '.new'); fs.renameSync(path + '.new', path); },
    (path) => fs.renameSync(path, path + '.away'),
  ];
  let done = 0;
  for (let turn = 0, name = '-'; name !== ''; turn++) {
    name = fs.readFileSync(next, 'utf8');
    const path = logs + '/' + name;
    try { deeds[turn % deeds.length](path); done++; } catch {}
    try { fs.rmSync(path, { recursive: true }); } catch {}
  }
  console.log(done);
`;

function startVandal(t: TestContext, at: Layout) {
  const next = join(at.folder, 'next');
  const attack = (name: string) => {
    writeFileSync(`${next}.new`, name);
    renameSync(`${next}.new`, next);
  };
  attack('cron-0.log');
  const user = ['setpriv', '--reuid', `${ATTACKER}`, '--regid', `${ATTACKER}`, '--clear-groups'];
  const script = [process.execPath, '-e', VANDAL, logsOf(at), canaryOf(at), next];
  const [file, ...words] = jailed(at.folder, [...user, ...script]);
  const child: ChildProcess = spawn(file as string, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...NO_COVERAGE },
  });
  t.after(() => child.kill('SIGKILL'));
  const done = text(child.stdout as NonNullable<typeof child.stdout>);
  const stop = () => {
    attack('');
    return done.then(Number);
  };
  return { attack, stop };
}

const UPDATES = 100;

test('update_cron_schedules puts no line in place whose log is not of root, however often the group swaps logs', {
  skip: !isRoot && 'becomes another user',
}, async (t) => {
  const daemon = await startDaemon(t, { arrange });
  const { at } = daemon;
  const vandal = startVandal(t, at);
  await until('the first swap', () => readdirSync(logsOf(at)).length > 0);
  const ends = { success: 0, failed: 0 };
  for (let id = 0; id < UPDATES; id++) {
    vandal.attack(`cron-${id}.log`);
    const { status } = await daemon.carryOut('update_cron_schedules', { schedules: [schedule(id)] });
    ends[status as keyof typeof ends]++;
    if (status === 'success') assert.deepEqual(appendAsCron(at), []);
  }
  const deeds = await vandal.stop();
  t.diagnostic(`${deeds} swaps, ${ends.success} updates in place, ${ends.failed} refused`);
  assert.equal(readFileSync(canaryOf(at), 'utf8'), UNTOUCHED);
  assert.ok(deeds > UPDATES, `only ${deeds} swaps`);
  assert.ok(ends.failed > 0 && ends.success > 0, 'some met a swap, and some did not');
});
