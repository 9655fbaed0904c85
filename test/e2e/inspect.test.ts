import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { MAX_READERS } from '../../src/actors/admin/routes/events.ts';
import { type DaemonState, inspectText } from '../../src/cli/inspect-text.ts';
import { frame } from '../../src/cli/screen.ts';
import { readEvents } from '../support/admin.ts';
import { prepare, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { until } from '../support/until.ts';
import { commandOf, innermost, RunningVerb, verb } from '../support/verb.ts';

test('`inspect` prints the actors of the daemon once if there is no terminal', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'big');
  // holdDeletion may need more than one deletion.
  const asked = daemon.rows().length;
  const { status, stdout, stderr } = verb(daemon.at, 'inspect');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^ACTOR +STATE +AGE +OF +LAST EVENT\ndaemon +serving\.open\.listening +\d+\.\d+ s/);
  const running = `\n {4}process-0 +running\\.executing .* delete_directory ${held.commandId} +child\\.spawned.*\n`;
  assert.match(stdout, new RegExp(running));
  const reached = `delete_directory: reached pending × ${asked}, running × ${asked}.*; ${asked} accepted\n$`;
  assert.match(stdout, new RegExp(reached));
  const state = verb(daemon.at, 'inspect', '--json').json() as DaemonState;
  assert.deepEqual([state.daemon.id, state.counters.accepted], ['daemon', { delete_directory: asked }]);
  held.release();
});

test('`inspect` reports in one line that no daemon answers', async (t) => {
  const at = prepare(testFolder(t));
  for (const flags of [[], ['--json'], ['--follow']]) {
    const { status, stdout, stderr } = verb(at, 'inspect', ...flags);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^dbcalm-cmd: no daemon answers at .*cmd-admin\.sock: .*ENOENT.* What to do: .*\n$/);
  }
  const alone = verb(at, 'inspect', '--actor', 'x');
  assert.equal(alone.status, 2);
  assert.match(alone.stderr, /What to do: give --follow/);
});

test('`inspect --follow` prints the events of one actor or one command until Ctrl-C', async (t) => {
  const daemon = await startDaemon(t);
  const held = await holdDeletion(daemon, 'big');
  const short = held.commandId.slice(0, 8);
  const looks = [
    new RunningVerb(t, daemon.at, 'inspect', '--follow', '--command', short),
    new RunningVerb(t, daemon.at, 'inspect', '--follow', '--actor', 'processes'),
  ];
  const readers = () => (verb(daemon.at, 'inspect', '--json').json() as DaemonState).readers_of_events;
  await until('both readers', () => readers() === 2);
  held.release();
  await daemon.ended(held.commandId);
  await daemon.carryOut('cleanup_backups', { backup_ids: [], folders: null });
  for (const look of looks) await look.says(/"kind":"end","actor":"process-0".*\n/);
  for (const look of looks) look.signal('SIGINT');
  assert.deepEqual(await Promise.all(looks.map((look) => look.exited)), [0, 0]);
  const [ofCommand = [], ofActor = []] = looks.map((look) => look.lines());
  assert.ok(ofCommand.every((line) => line.command_id === held.commandId));
  assert.ok(!ofActor.some((line) => line.actor === 'connections'));
});

test('`inspect --follow` ends with the daemon', async (t) => {
  const daemon = await startDaemon(t);
  const follow = new RunningVerb(t, daemon.at, 'inspect', '--follow', '--actor', 'signals');
  const readers = () => (verb(daemon.at, 'inspect', '--json').json() as DaemonState).readers_of_events;
  await until('the reader', () => readers() === 1);
  await daemon.kill();
  assert.equal(await follow.exited, 2);
  assert.match(follow.stderr, /cmd-admin\.sock/);
});

test('`inspect --follow` reports that there are too many readers', async (t) => {
  const daemon = await startDaemon(t);
  const readers = Array.from({ length: MAX_READERS }, () => readEvents(daemon));
  t.after(async () => (await Promise.all(readers)).forEach((reader) => void reader.leave()));
  await Promise.all(readers);
  const { status, stderr } = verb(daemon.at, 'inspect', '--follow');
  assert.equal(status, 2);
  assert.match(stderr, /refuses: 8 readers are there already\. What to do: /);
});

test('`inspect` refreshes the terminal, also after a crash of the daemon, and restores it at the end', async (t) => {
  const daemon = await startDaemon(t);
  const line = commandOf(daemon.at, 'inspect').map((word) => `'${word}'`);
  const terminal = spawn('script', ['-qec', `stty cols 100 rows 30; exec ${line.join(' ')}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  t.after(() => terminal.kill('SIGKILL'));
  const ended = new Promise((resolve) => terminal.on('close', resolve));
  let text = '';
  terminal.stdout.on('data', (piece: Buffer) => {
    text += piece;
  });
  await until('two looks', () => text.split('\u001b[HACTOR').length > 2);
  await daemon.kill();
  await until('the trouble', () => /\u001b\[Hno daemon answers at .*; this was seen last/.test(text));
  text = '';
  await startDaemon(t, { folder: daemon.at.folder });
  await until('the next daemon', () => text.includes('\u001b[HACTOR'));
  process.kill(innermost(terminal.pid as number), 'SIGINT');
  assert.equal(await ended, 0);
  assert.ok(text.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l'), JSON.stringify(text.slice(-40)));
});

test('`frame` cuts the text to the height of the terminal', () => {
  const shown = (text: string, rows?: number) =>
    frame(text, rows)
      .replaceAll('\u001b[K', '')
      .replace('\u001b[H', '')
      .replace('\u001b[J', '')
      .split('\r\n');
  for (const [rows, expected] of [
    [0, ['a', 'b', 'c']],
    [undefined, ['a', 'b', 'c']],
    [3, ['a', 'b', 'c']],
    [2, ['a', '… 2 more lines']],
    [1, ['… 3 more lines']],
  ] as const)
    assert.deepEqual(shown('a\nb\nc', rows), expected);
});

test('`inspectText` escapes control characters in the answer of the daemon', () => {
  const bad = '\u001b[2J\u009b\n';
  const child = { id: bad, state: bad, last_event: { type: bad, ms_ago: 1 }, children: [] };
  const daemon = { ...child, type: bad, command_id: bad, children: [{ ...child, left: 3 }] };
  const counts = { [bad]: 1 };
  const counters = {
    connections: 1,
    replies: counts,
    accepted: counts,
    refused: {},
    processes: { x: counts },
  };
  const text = inspectText({ at: bad, shadow: false, daemon, counters, readers_of_events: 1 });
  assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text), JSON.stringify(text));
  assert.match(text, /and 3 more/);
  assert.match(text, /1 read the events/);
});
