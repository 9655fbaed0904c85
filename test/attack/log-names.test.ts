/** The names of the daemon's logs in a directory that the group can write to. They are free before the first start,
 * and between the rename by logrotate and the following SIGHUP. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { lookJson } from '../support/admin.ts';
import type { Layout, TestDaemon } from '../support/daemon.ts';
import { MEMBER, noMember } from '../support/member.ts';
import { mounter } from '../support/mount.ts';
import { until } from '../support/until.ts';
import {
  actAsMember,
  guard,
  launcher,
  plantCanaries,
  prepareShared,
  spawnMember,
  startShared,
} from './member.ts';

const skip = noMember();

const logsOf = ({ log }: Layout) => [log, join(dirname(log), 'cmd-audit.log')] as const;

const read = (path: string) => readFileSync(path, 'utf8');

/** Asserts that both logs are files that only the daemon can have made. */
function assertLogs(at: Layout): void {
  for (const path of logsOf(at)) {
    const found = lstatSync(path);
    assert.deepEqual([path, found.isFile(), found.uid, found.nlink], [path, true, 0, 1]);
  }
}

/** Sends a command, and waits until the log and the audit log have it. */
async function assertLogged(daemon: TestDaemon): Promise<void> {
  const { id } = await daemon.deletion(join(daemon.at.backups, 'none'));
  for (const path of logsOf(daemon.at))
    await until(`the command in ${path}`, () => read(path).includes(id as string));
}

const PLANTED: Record<string, (path: string, canary: string) => void> = {
  'a file of its own': (path) => writeFileSync(path, 'mine\n'),
  'a file of its own that nobody can read': (path) => writeFileSync(path, '', { mode: 0 }),
  'a symlink to a file of root': (path, canary) => symlinkSync(canary, path),
  'a symlink to nothing': (path) => symlinkSync(`${path}.none`, path),
  'a file with two names': (path) => {
    writeFileSync(`${path}.other`, '');
    linkSync(`${path}.other`, path);
  },
  'a pipe': (path) => void execFileSync('mkfifo', [path]),
  'a directory with something in it': (path) => void mkdirSync(join(path, 'inner'), { recursive: true }),
};

for (const [what, plant] of Object.entries(PLANTED)) {
  test(`openLogFile takes the names of the logs where a member has put ${what}`, {
    skip,
  }, async (t) => {
    const launch = launcher(t);
    const at = prepareShared(t);
    const { directory, file } = plantCanaries(at.folder);
    const isUntouched = guard(directory);
    for (const path of logsOf(at)) actAsMember(() => plant(path, file));
    const daemon = await launch(at);
    assertLogs(at);
    await assertLogged(daemon);
    const warnings = daemon.logLines().filter(({ code }) => code === 'LOG_SET_ASIDE');
    assert.equal(warnings.length, 2);
    for (const { msg } of warnings) {
      const [, aside] = /; it is (\S+) now/.exec(msg as string) as unknown as [string, string];
      assert.equal(lstatSync(aside).uid, MEMBER.uid);
    }
    assert.equal((await lookJson(daemon, '/readyz')).status, 200);
    assert.equal((await daemon.stop()).code, 0);
    isUntouched();
  });
}

test('openLogFile takes back a name that a member took between the rename of logrotate and its SIGHUP', {
  skip,
}, async (t) => {
  const launch = launcher(t);
  const at = prepareShared(t);
  const daemon = await launch(at);
  for (const path of logsOf(at)) {
    renameSync(path, `${path}.1`);
    actAsMember(() => writeFileSync(path, 'mine\n'));
  }
  daemon.signal('SIGHUP');
  await until('the logs', () => logsOf(at).every((path) => lstatSync(path).uid === 0));
  assertLogs(at);
  await assertLogged(daemon);
  await daemon.stop();
  // The member's file is unchanged, under another name.
  const asides = readdirSync(dirname(at.log)).filter((name) => name.includes('.occupied-'));
  assert.deepEqual(
    asides.map((name) => read(join(dirname(at.log), name))),
    ['mine\n', 'mine\n'],
  );
  await launch(at);
  assertLogs(at);
});

const ROUNDS = 150;

/** Runs `work` while a process of a member takes the names of the logs as fast as possible. */
async function whileSquatted(t: TestContext, at: Layout, work: () => Promise<void>): Promise<number> {
  const stop = join(at.folder, 'stop');
  const child = spawnMember(t, at.folder, 'squatter.ts', stop, at.configFile, ...logsOf(at));
  const had = text(child.stdout as Readable);
  await until('the first squat', () => readdirSync(dirname(at.log)).some((name) => name.endsWith('.own')));
  await work();
  writeFileSync(stop, '');
  return Number(await had);
}

test('openLogFile gets the name of its log although a member takes the name as fast as possible', {
  skip,
}, async (t) => {
  const daemon = await startShared(t);
  const { at } = daemon;
  const isUntouched = guard(at.configFile);
  const had = await whileSquatted(t, at, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      // logrotate does the same.
      for (const path of logsOf(at)) if (lstatSync(path).uid === 0) renameSync(path, `${path}.1`);
      daemon.signal('SIGHUP');
      await until('the logs', () => logsOf(at).every(isOfRoot));
      assertLogs(at);
    }
  });
  t.diagnostic(`had a name ${had} times`);
  assert.ok(had > ROUNDS, `only ${had} times`);
  await assertLogged(daemon);
  assert.equal((await daemon.stop()).code, 0);
  isUntouched();
});

const isOfRoot = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.uid === 0;

test('openLog writes to stderr if a name cannot be taken back, and the journal keeps the audit', {
  skip,
}, async (t) => {
  const launch = launcher(t);
  const mount = mounter(t);
  const at = prepareShared(t);
  for (const path of logsOf(at)) {
    mkdirSync(path);
    // Any user can mount there with FUSE.
    mount(path, '-t', 'tmpfs', 'tmpfs');
  }
  const daemon = await launch(at);
  const { id } = await daemon.deletion(join(at.backups, 'none'));
  await daemon.ended(id as string);
  const { status, body } = await lookJson<{ checks: Record<string, unknown> }>(daemon, '/readyz');
  assert.equal(status, 200);
  assert.match(JSON.stringify(body.checks.logs), /"ok":false,"why":".*cmd\.log cannot be moved aside/);
  const sql = 'SELECT event FROM cmd_audit WHERE command_id = ? ORDER BY id';
  assert.deepEqual(
    daemon.query(sql, id).map((row) => (row as { event: string }).event),
    ['command.accepted', 'command.ended'],
  );
  // The daemon tries again on the signal of logrotate, among other occasions.
  for (const path of logsOf(at)) {
    execFileSync('umount', [path]);
    // This also ends the mount in the jail.
    rmdirSync(path);
  }
  daemon.signal('SIGHUP');
  await until('the logs', () => logsOf(at).every(isOfRoot));
  await assertLogged(daemon);
  const { body: later } = await lookJson<{ checks: Record<string, unknown> }>(daemon, '/readyz');
  assert.deepEqual(later.checks.logs, { ok: true });
  const { code, stderr } = await daemon.stop();
  assert.equal(code, 0);
  assert.equal(stderr.match(/"code":"LOG_OCCUPIED"/g)?.length, 2);
  const told = stderr.split('\n').filter((line) => line.includes(id as string));
  assert.ok(told.some((line) => line.includes('"event":"command.accepted"')));
  assert.ok(told.some((line) => line.includes('"msg":"succeeded"')));
});
