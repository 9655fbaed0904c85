import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { exitOf } from '../../src/cli/check.ts';
import { statusFindings } from '../../src/cli/checks/cron.ts';
import { judged } from '../../src/cli/checks/database.ts';
import { type Finding, Notes } from '../../src/cli/checks/finding.ts';
import { type Layout, prepare, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { verb } from '../support/verb.ts';

const notes = new Notes('it', '/it');
const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);

/** Runs `check` and returns the exit code and, by subject, each finding that is not ok. */
function troubles(at: Layout) {
  const { status, stdout, stderr } = verb(at, 'check', '--json');
  assert.equal(stderr, '');
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  assert.equal(ok, status === 0);
  const wrong = findings.filter(({ level, subject }) => level !== 'ok' && subject !== 'unit');
  for (const { remedy } of wrong) assert.ok(remedy);
  return {
    status,
    wrong: Object.fromEntries(wrong.map(({ level, subject, found }) => [subject, `${level}: ${found}`])),
  };
}

const everything = (folder: string) => readdirSync(folder, { recursive: true }).sort();

test('`check` finds no problem with a running daemon, nor after it has stopped', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.carryOut('update_cron_schedules', { schedules: [] });
  const wrong = troubles(daemon.at).wrong;
  if (process.getuid?.() === 0) assert.deepEqual(wrong, {});
  await daemon.stop();
  assert.equal(troubles(daemon.at).status, 0);
});

test('`check` reports missing databases before the first start, and creates nothing', (t) => {
  const at = prepare(testFolder(t));
  const before = everything(at.folder);
  assert.deepEqual(troubles(at), {
    status: 0,
    wrong: { journal: 'warning: not there', 'shared database': 'warning: not there' },
  });
  assert.deepEqual(everything(at.folder), before);
});

test('`check` reports the sockets of a killed daemon as stale', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.kill();
  const { status, wrong } = troubles(daemon.at);
  const stale = 'warning: stale: nobody answers';
  assert.deepEqual([status, wrong], [0, { socket: stale, 'admin socket': stale }]);
});

test('`check` reports a config that does not load, and escapes its control characters', (t) => {
  const at = prepare(testFolder(t), { 'bad\u009b': 1 });
  const { status, stdout } = verb(at, 'check');
  assert.equal(status, 1);
  assert.match(stdout, /^problem +config .*cmd-config\.yml: the config is not valid: .*What to do: correct/);
  assert.ok(stdout.includes('\\u009b') && !stdout.includes('\u009b'));
  rmSync(at.configFile);
  assert.match(troubles(at).wrong.config as string, /^problem: the config file cannot be read/);
});

test('`check` names each file and directory that is in the way', (t) => {
  const at = prepare(testFolder(t));
  mkdirSync(join(at.folder, 'run'));
  writeFileSync(at.socket, 'mine');
  for (const path of [at.database, at.state]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'no database at all, and long enough to see that');
  }
  mkdirSync(at.log, { recursive: true });
  rmdirSync(at.backups);
  writeFileSync(at.backups, '');
  rmdirSync(dirname(at.cronFile));
  const { status, wrong } = troubles(at);
  assert.equal(status, 1);
  assert.deepEqual(wrong, {
    journal: 'problem: file is not a database',
    'shared database': 'problem: file is not a database',
    socket: 'problem: something that is not a socket is in its place',
    'cron folder': 'problem: there is no such folder',
    log: 'problem: it is a folder',
    'deletion root': 'problem: it is no folder',
  });
  rmSync(at.backups);
  symlinkSync('/etc', at.backups);
  assert.match(troubles(at).wrong.config as string, /^problem: .*: it leads to the system folder \/etc/);
  assert.equal(readFileSync(at.socket, 'utf8'), 'mine');
});

test('`check` reports a symlink at the path of a log if other users can have put it there', (t) => {
  const at = prepare(testFolder(t));
  mkdirSync(dirname(at.log));
  symlinkSync(join(at.folder, 'elsewhere'), at.log);
  assert.equal(troubles(at).status, 0);
  chmodSync(dirname(at.log), 0o2770);
  const { status, wrong } = troubles(at);
  assert.deepEqual([status, wrong.log], [1, 'problem: it is a symlink, and others can have put it there']);
});

test('`check` names a cron directory and log files that others can replace', async (t) => {
  const daemon = await startDaemon(t);
  const { at } = daemon;
  await daemon.carryOut('update_cron_schedules', { schedules: [] });
  chmodSync(at.cronLogs, 0o770);
  assert.match(
    troubles(at).wrong['cron logs'] as string,
    /^problem: cannot prepare .*dbcalm has mode 0770, so other users can write to it$/,
  );
  chmodSync(at.cronLogs, 0o3770);
  rmSync(join(at.cronLogs, 'cleanup.log'));
  symlinkSync(at.configFile, join(at.cronLogs, 'cleanup.log'));
  assert.match(troubles(at).wrong['cron logs'] as string, /cleanup\.log is a symlink$/);
  rmSync(join(at.cronLogs, 'cleanup.log'));
  chmodSync(dirname(at.cronFile), 0o775);
  assert.deepEqual(
    Object.entries(troubles(at).wrong).filter(([subject]) => subject.startsWith('cron')),
    [['cron folder', `problem: ${dirname(at.cronFile)} has mode 0775, so other users can write to it`]],
  );
});

test('`check` reports a cron file that cron or the strict reader would reject', (t) => {
  const at = prepare(testFolder(t));
  writeFileSync(at.cronFile, '* * * * * root /bin/\u001b[31mevil\n');
  chmodSync(at.cronFile, 0o664);
  linkSync(at.cronFile, `${at.cronFile}.link`);
  if (process.getuid?.() === 0) chownSync(at.cronFile, 0, 0);
  const { status, stdout } = verb(at, 'check');
  assert.equal(status, 1);
  for (const found of [/mode 0664, not 0644: cron/, /2 hard links/, /line 1: a character that is not/])
    assert.match(stdout, found);
  rmSync(at.cronFile);
  symlinkSync(at.configFile, at.cronFile);
  assert.equal(troubles(at).wrong['cron file'], 'problem: it is no plain file');
});

test('`statusFindings` rates the mode, owner and link count of a cron file', () => {
  const good = { mode: 0o100644, uid: 0, nlink: 1 };
  for (const [status, checker, expected] of [
    [{}, 0, []],
    [{ mode: 0o100600 }, 0, ['warning']],
    [{ mode: 0o100646 }, 0, ['problem']],
    [{ uid: 1000 }, 0, ['problem']],
    [{ uid: 1000 }, 1000, ['warning']],
    [{ nlink: 2 }, 0, ['problem']],
  ] as const)
    assert.deepEqual(levels(statusFindings(notes, { ...good, ...status }, checker)), expected);
});

test('`judged` rates a database by journal mode, version and damage', () => {
  const good = { journal: 'wal', version: 3, knownVersion: 3, damage: undefined };
  for (const [look, level] of [
    [{}, 'ok'],
    [{ journal: 'delete' }, 'warning'],
    [{ version: 0 }, 'warning'],
    [{ version: 4 }, 'problem'],
    [{ damage: 'row 3 missing' }, 'problem'],
  ] as const)
    assert.equal(judged(notes, { ...good, ...look }).level, level);
});

test('`exitOf` returns 1 for a problem, 2 for an unchecked subject, and otherwise 0', () => {
  const of = (...given: Finding['level'][]) => exitOf(given.map((level) => ({ ...notes.ok(''), level })));
  assert.deepEqual([of('ok', 'warning'), of('unchecked', 'problem'), of('unchecked', 'ok')], [0, 1, 2]);
});
