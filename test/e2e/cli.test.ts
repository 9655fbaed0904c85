import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { exitOf, prepare, spawnDaemon, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';
import { programWords, surroundings } from '../support/program.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

function cli(folder: string, ...args: string[]) {
  const [file, ...words] = jailed(folder, [...programWords(), ...args]) as [string, ...string[]];
  const { status, stdout, stderr } = spawnSync(file, words, { ...surroundings(), encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('`call` takes pairs or one JSON object, prints the reply, and exits with 0 if the command is accepted', async (t) => {
  const daemon = await startDaemon(t);
  const { folder, configFile, backups } = daemon.at;
  const call = (...args: string[]) => cli(folder, 'call', '--config', configFile, ...args);
  const pairs = call('delete_directory', `path=${backups}/b1`);
  assert.equal(pairs.status, 0, pairs.stderr);
  assert.equal(JSON.parse(pairs.stdout).code, 202);
  const lists = call('cleanup_backups', 'backup_ids=["a"]', 'folders=null');
  assert.equal(lists.status, 0);
  const json = call('cleanup_backups', '{"backup_ids":[],"folders":[]}');
  assert.equal(json.status, 0);
  const refused = call('delete_directory', `path=${backups}`);
  assert.equal(refused.status, 1);
  assert.equal(JSON.parse(refused.stdout).code, 403);
});

test('`dbcalm-cmd` reports an invalid pair, an unknown verb and a missing daemon in one line each', (t) => {
  const at = prepare(testFolder(t));
  const none = cli(at.folder, 'call', '--config', at.configFile, 'delete_directory', 'path=/x');
  assert.equal(none.status, 2);
  assert.match(
    none.stderr,
    /^dbcalm-cmd: no reply from .*cmd\.sock: .*ENOENT.*\. What to do: start the daemon.*\n$/,
  );
  const pair = cli(at.folder, 'call', '--config', at.configFile, 'delete_directory', 'path');
  assert.equal(pair.status, 2);
  assert.match(pair.stderr, /"path" is not key=value\. What to do: /);
  const json = cli(at.folder, 'call', '--config', at.configFile, 'delete_directory', '{"path":');
  assert.equal(json.status, 2);
  assert.match(json.stderr, /^dbcalm-cmd: no JSON: .*\. What to do: .*\n$/);
  const config = cli(at.folder, 'call', '--config', join(at.folder, 'none.yml'), 'delete_directory');
  assert.equal(config.status, 2);
  assert.match(config.stderr, /the config file cannot be read/);
  const verb = cli(at.folder, 'dance');
  assert.deepEqual(
    [verb.status, verb.stderr],
    [2, 'dbcalm-cmd: there is no verb "dance". What to do: dbcalm-cmd --help lists them\n'],
  );
  assert.equal(cli(at.folder, '--version').stdout, `${manifest.version}\n`);
  const help = cli(at.folder, '--help');
  assert.equal(help.status, 0);
  assert.match(help.stdout, /call.*send a command/s);
});

test('`show` prints a command by its id, or the last command, also while the daemon is down', async (t) => {
  const daemon = await startDaemon(t);
  const { folder, configFile, backups } = daemon.at;
  const show = (...args: string[]) => cli(folder, 'show', '--json', '--config', configFile, ...args);
  assert.equal(show().status, 3);
  const short = show('79c');
  assert.equal(short.status, 3);
  assert.match(short.stderr, /"79c" is too short .*\. What to do: give 4 characters or more\n$/);
  const first = await daemon.carryOut('delete_directory', { path: `${backups}/b1` });
  await daemon.carryOut('delete_directory', { path: `${backups}/b2` });
  assert.deepEqual(JSON.parse(show(first.command_id).stdout).process, first);
  await daemon.stop();
  const last = JSON.parse(show().stdout);
  assert.equal(last.process.command, `/bin/rm -rf ${backups}/b2`);
  assert.deepEqual(
    last.transitions.map(({ to_state }: { to_state: string }) => to_state),
    ['pending', 'running', 'succeeded'],
  );
  assert.equal(show('unknown').status, 3);
});

test('`dbcalm-cmd` without a verb runs the daemon, as does the verb `daemon`', async (t) => {
  const daemon = await startDaemon(t);
  const { code, stderr } = await exitOf(spawnDaemon(daemon.at, ['daemon', '--config', daemon.at.configFile]));
  assert.equal(code, 75);
  assert.match(stderr, /another daemon answers/);
});

test('`pinned-node.cjs` refuses a wrong Node version of any age with one message', () => {
  const guard = join(PROJECT, 'src', 'pinned-node.cjs');
  const script = `Object.defineProperty(process, 'versions', { value: { node: '20.1.0' } }); require(${JSON.stringify(guard)})`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /needs Node 24\.21 \(24\.x\), but runs on 20\.1\.0/);
});
