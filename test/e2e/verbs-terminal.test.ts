import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { prepare, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { commandOf, verb } from '../support/verb.ts';

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs `line` in a shell with a small environment. */
function shell(line: string, env: Record<string, string> = {}) {
  // Node reads many variables (CI, TMUX, NO_COLOR) to decide whether a terminal has colours.
  const { PATH, HOME, TMPDIR } = process.env;
  const bare = Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined);
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', line], {
    encoding: 'utf8',
    env: { ...Object.fromEntries(bare), TERM: 'xterm-256color', ...env },
  });
  return { status, stdout: stdout.replaceAll('\r\n', '\n'), stderr };
}

const onTerminal = (line: string, env?: Record<string, string>, columns = 100) =>
  shell(`script -qec ${quoted(`stty cols ${columns}; ${line}`)} /dev/null </dev/null`, env);

test('`list` and `show` print colours and short lines on a terminal, no colours with NO_COLOR, and neither in a pipe', async (t) => {
  const daemon = await startDaemon(t);
  const path = `${daemon.at.backups}/${'long'.repeat(40)}`;
  const { command_id } = await daemon.carryOut('delete_directory', { path });
  await daemon.stop();
  const list = commandOf(daemon.at, 'list').map(quoted).join(' ');
  const show = commandOf(daemon.at, 'show', command_id.slice(0, 8)).map(quoted).join(' ');

  const coloured = onTerminal(list);
  assert.match(coloured.stdout, /\u001b\[32msucceeded/);
  const plain = onTerminal(list, { NO_COLOR: '1' });
  assert.ok(!plain.stdout.includes('\u001b'), JSON.stringify(plain.stdout));
  const [title, row] = plain.stdout.split('\n') as [string, string];
  assert.match(title, /^ID {8}STARTED/);
  assert.ok(row.startsWith(`${command_id.slice(0, 8)}  `) && row.endsWith('…'), row);
  assert.equal(row.length, 100);
  const narrow = onTerminal(list, { NO_COLOR: '1' }, 76).stdout.split('\n');
  assert.deepEqual(
    narrow.slice(1).map(({ length }) => length),
    [76, 0],
  );
  assert.match(onTerminal(show).stdout, /\u001b\[1m[0-9a-f-]{36}\u001b\[22m {2}\u001b\[32msucceeded/);

  const piped = shell(`${list} | cat`);
  assert.ok(piped.stdout.includes(path) && piped.stdout.includes(command_id));
  assert.ok(!piped.stdout.includes('\u001b'));
});

test('`machines` exits with 0 and no message when its reader closes the pipe', async (t) => {
  const daemon = await startDaemon(t);
  const machines = commandOf(daemon.at, 'machines', '--json').map(quoted).join(' ');
  const { status, stdout, stderr } = shell(`${machines} | head -n 1`);
  assert.deepEqual([status, stdout, stderr], [0, '[\n', '']);
});

test('`machines` draws each machine in each format', (t) => {
  const at = prepare(testFolder(t));
  for (const name of ['connection', 'process', 'daemon']) {
    assert.match(verb(at, 'machines', name).stdout, /^stateDiagram-v2\n/);
    assert.match(verb(at, 'machines', name, '--format', 'dot').stdout, new RegExp(`^digraph "${name}" `));
    assert.equal(verb(at, 'machines', name, '--format', 'json').json().name, name);
  }
  assert.equal(verb(at, 'machines', '--json').json().length, 3);
});
