import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { prepare, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';
import { makeUndeletable } from '../support/undeletable.ts';
import { verb } from '../support/verb.ts';

type Listed = { command_id: string; state: string; type: string };

/** Runs a deletion that fails, and returns its row. */
async function failing(t: Parameters<typeof makeUndeletable>[0], daemon: TestDaemon) {
  const [path] = makeBackups(daemon.at.backups, 'kept') as [string];
  const undo = makeUndeletable(t, path);
  const row = await daemon.carryOut('delete_directory', { path });
  undo();
  assert.equal(row.status, 'failed');
  return row;
}

test('`list` filters the commands, newest first, of a running and of a stopped daemon', async (t) => {
  const daemon = await startDaemon(t);
  const { at } = daemon;
  const gone = await daemon.carryOut('delete_directory', { path: `${at.backups}/b1` });
  const clean = await daemon.carryOut('cleanup_backups', { backup_ids: ['a'], folders: null });
  const kept = await failing(t, daemon);
  const ids = (...args: string[]) => {
    const { status, stdout, stderr } = verb(at, 'list', '--json', ...args);
    assert.deepEqual([status, stderr], [0, ''], args.join(' '));
    return (JSON.parse(stdout) as Listed[]).map(({ command_id }) => command_id);
  };
  const look = () => {
    assert.deepEqual(ids(), [kept.command_id, clean.command_id, gone.command_id]);
    assert.deepEqual(ids('--limit', '1'), [kept.command_id]);
    assert.deepEqual(ids('--state', 'failed', '--since', '1h'), [kept.command_id]);
    assert.deepEqual(ids('--type', 'cleanup_backups', '--state', 'succeeded'), [clean.command_id]);
    assert.deepEqual(ids('--since', '2999-01-01'), []);
  };
  look();
  await daemon.stop();
  look();
  const { stdout } = verb(at, 'list');
  const [title, ...rows] = stdout.trim().split('\n');
  assert.match(title as string, /^ID +STARTED \(UTC\) +STATE +TOOK +TYPE +COMMAND$/);
  assert.equal(rows.length, 3);
  assert.ok(!stdout.includes('\u001b'));
  const none = verb(at, 'list', '--state', 'pending');
  assert.deepEqual([none.status, none.stdout, none.stderr], [0, '', 'dbcalm-cmd: no such command\n']);
});

test('`show` tells how a command failed, and which user sent it', async (t) => {
  const daemon = await startDaemon(t);
  const row = await failing(t, daemon);
  await daemon.stop();
  const { status, stdout } = verb(daemon.at, 'show', row.command_id.slice(0, 8));
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^${row.command_id} {2}failed\n`));
  assert.match(stdout, new RegExp(`asked by +uid ${process.getuid?.()}\\b.*, connection [\\w-]{21}\n`));
  assert.match(stdout, /touches +\S+\/kept\n/);
  assert.match(stdout, /running → failed {5}child\.exited: exit code 1\n/);
  assert.match(stdout, /\nError\n {2}.*cannot remove/);
  const json = verb(daemon.at, 'show', '--json').json();
  assert.deepEqual(Object.keys(json), ['process', 'state', 'transitions', 'audit']);
  assert.deepEqual([json.process, json.state], [{ ...row }, 'failed']);
  assert.deepEqual(
    json.audit.map(({ event, outcome }: Record<string, unknown>) => [event, outcome]),
    [
      ['command.accepted', 'accepted'],
      ['command.ended', 'failed'],
    ],
  );
});

test('`list`, `show` and `watch` escape control characters that others wrote into the table', async (t) => {
  const daemon = await startDaemon(t);
  await daemon.stop();
  const evil = '\u001b]0;title\u0007\u009b2J\u202e';
  const database = new Database(daemon.at.state);
  database
    .prepare(
      `INSERT INTO process (command_id, command, status, output, error, start_time, end_time, type, args)
       VALUES (?, ?, 'failed', ?, ?, ?, ?, ?, ?)`,
    )
    .run(...Array.from({ length: 8 }, () => `evil${evil}`));
  database.close();
  for (const [name, ...args] of [['list'], ['show'], ['watch', 'evil']] as [string, ...string[]][]) {
    for (const format of [[], ['--json']]) {
      const { stdout, stderr } = verb(daemon.at, name, ...args, ...format);
      assert.match(stdout, /evil\\u001b\]0;title\\u0007\\u009b2J\\u202e/, `${name} ${stderr}`);
      assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(stdout), name);
    }
  }
});

test('`call --wait` follows an accepted command and tells its outcome by the exit code', async (t) => {
  const daemon = await startDaemon(t);
  const { at } = daemon;
  const good = verb(at, 'call', 'delete_directory', `path=${at.backups}/b1`, '--wait');
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /^\{"code":202.*\n.*pending .*\n.*running .*\n.*succeeded .*\nsucceeded after/);
  const [path] = makeBackups(at.backups, 'kept') as [string];
  const undo = makeUndeletable(t, path);
  const bad = verb(at, 'call', 'delete_directory', `path=${path}`, '--wait', '--json');
  // This must precede the cleanup hook of the test directory.
  undo();
  assert.equal(bad.status, 1);
  const lines = bad.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines[0].code, 202);
  assert.deepEqual(
    lines.slice(1, -1).map(({ to_state }) => to_state),
    ['pending', 'running', 'failed'],
  );
  assert.match(lines.at(-1).process.error, /cannot remove/);
  const refused = verb(at, 'call', 'delete_directory', `path=${at.backups}`, '--wait');
  assert.deepEqual([refused.status, JSON.parse(refused.stdout).code], [1, 403]);
});

test('`call --dry-run` shows what would be done, with the same exit code, and does nothing', async (t) => {
  const daemon = await startDaemon(t);
  const { at } = daemon;
  const [path] = makeBackups(at.backups, 'b1') as [string];
  const dry = (...args: string[]) => verb(at, 'call', ...args, '--dry-run');
  const good = dry('delete_directory', `path=${path}`);
  assert.deepEqual([good.status, good.stderr], [0, '']);
  assert.ok(good.stdout.startsWith('{"code":202,"status":"Accepted"}\n'));
  assert.ok(good.stdout.includes(`\n  ${path}: 2 entries, 0 bytes, frees `));
  const json = dry('delete_directory', `path=${path}`, '--json').json();
  assert.deepEqual([json.code, json.plan.paths[0].entries], [202, 2]);
  assert.deepEqual([existsSync(path), daemon.rows()], [true, []]);

  for (const args of [
    ['delete_directory', `path=${at.backups}`],
    ['delete_directory'],
    ['restore'],
  ] as const) {
    const [found, real] = [dry(...args), verb(at, 'call', ...args)];
    assert.equal(real.status, 1);
    assert.deepEqual([found.status, found.stdout, found.stderr], [real.status, real.stdout, real.stderr]);
  }
  const both = dry('delete_directory', `path=${path}`, '--wait');
  assert.equal(both.status, 2);
  assert.match(both.stderr, /nothing to wait for in a dry run\. What to do: /);

  await daemon.stop();
  const gone = dry('delete_directory', `path=${path}`);
  assert.equal(gone.status, 2);
  assert.match(gone.stderr, /^dbcalm-cmd: no daemon answers at .*cmd-admin\.sock: .*What to do: start it/);
});

test('verbs that cannot do their work say why, and what to do, in one line', async (t) => {
  const at = prepare(testFolder(t));
  const cases: [string[], number, RegExp][] = [
    [['list'], 2, /the database cannot be read: .*db\.sqlite3: .*What to do: check database_path/],
    [['show'], 2, /the database cannot be read/],
    [['watch', 'x'], 2, /the database cannot be read/],
    [['tail'], 2, /the database cannot be read/],
    [['list', '--state', 'lost'], 2, /Allowed choices are pending, running, succeeded, failed/],
    [['list', '--since', 'once'], 2, /Give 10m, 2h, 3d/],
    [['list', '--limit', '0'], 2, /whole number/],
    [['watch'], 2, /missing required argument 'id'/],
    [['machines', 'toaster'], 2, /Allowed choices are connection, process, daemon/],
    [['machines', '--format', 'dot'], 2, /name it/],
    [['completion', 'tcsh'], 2, /Allowed choices are bash, zsh, fish/],
  ];
  for (const [[name, ...args], code, message] of cases as [[string, ...string[]], number, RegExp][]) {
    const { status, stdout, stderr } = verb(at, name, ...args);
    assert.deepEqual([status, stdout], [code, ''], `${name}: ${stderr}`);
    assert.match(stderr, message);
    assert.match(stderr, /^dbcalm-cmd: [^\n]+What to do: [^\n]+\n$/);
  }
});
