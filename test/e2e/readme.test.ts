import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';
import { until } from '../support/until.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

interface Step {
  readonly command: string;
  readonly output: string;
}

/** Returns the commands of the exchange in the README, each with its output. */
function exchange(): Step[] {
  const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
  const [, part] = /<!-- exchange -->([\s\S]+)<!-- end exchange -->/.exec(readme) as unknown as [
    string,
    string,
  ];
  const consoles = [...part.matchAll(/```console\n([\s\S]+?)```/g)].map(([, text]) => text).join('');
  return consoles
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf('\n');
      return { command: text.slice(0, end), output: text.slice(end + 1) };
    });
}

/** Replaces the parts that differ from run to run: ids, times, pids, users and the path of the project. */
function plain(text: string, project: string): string {
  return text
    .replaceAll(project, '/home/me/dbcalm-cmd')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/\d{4}-\d\d-\d\d[ T][\d:.]+Z?/g, 'TIME')
    .replace(/"connection_id": ?"[\w-]{21}"/g, 'CONNECTION')
    .replace(/"(pid|uid|gid|duration_ms)": ?\d+/g, '$1');
}

test('README exchange works as it is printed', async (t) => {
  const project = join(testFolder(t), 'dbcalm-cmd');
  for (const name of ['src', 'config', 'package.json', '.npmrc']) {
    cpSync(join(PROJECT, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(project, 'node_modules'));
  const env = {
    ...process.env,
    npm_config_cache: join(project, 'cache'),
    npm_config_update_notifier: 'false',
  };
  const run = (command: string) => jailed(project, ['/bin/sh', '-c', command]);

  const [file, ...args] = run('exec npm start') as [string, ...string[]];
  const daemon = spawn(file, args, { cwd: project, env, detached: true });
  let said = '';
  daemon.stdout.on('data', (piece: Buffer) => {
    said += piece;
  });
  const exited = new Promise((resolve) => daemon.on('close', resolve));
  t.after(async () => {
    process.kill(-(daemon.pid as number), 'SIGTERM');
    await exited;
  });
  await until('the greeting', () => said.includes('Ctrl-C stops it.'));
  assert.match(
    said,
    /dbcalm-cmd listens on var\/cmd\.sock; rows go to var\/db\.sqlite3, log lines to var\/cmd\.log\./,
  );

  const steps = exchange();
  assert.ok(steps.length >= 6);
  for (const { command, output } of steps) {
    const [shell, ...words] = run(command) as [string, ...string[]];
    const look = () => plain(execFileSync(shell, words, { cwd: project, env, encoding: 'utf8' }), project);
    const wanted = plain(output, project);
    // A verb that reads may be quicker than rm, so it is repeated; a request is sent once.
    const reads = /show|tail/.test(command);
    const heard = reads ? await until(command, () => [look()].find((text) => text === wanted)) : look();
    assert.equal(heard, wanted, command);
  }
  assert.ok(!existsSync(join(project, 'var', 'backups', 'b1')));
});
