import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MODULES, PROJECT, VERSION } from '../../packaging/project.ts';
import { startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';

const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, encoding: 'utf8' });

/** The example of docs/client.md, for another directory and socket. */
function exampleOf(socket: string, folder: string): string {
  const page = readFileSync(join(PROJECT, 'docs/client.md'), 'utf8');
  const [, code = ''] = /```ts\n([\s\S]+?)```/.exec(page) ?? [];
  return code.replace("'/var/backups/dbcalm/b1' }", `'${folder}' }, { socketPath: '${socket}' }`);
}

/** Calls that the compiler must refuse, each below its `@ts-expect-error`. */
const WRONG = `
import { call, type Reply } from 'dbcalm-cmd/client';
// @ts-expect-error no such command
void call('format_disk', {});
// @ts-expect-error its argument is the path
void call('delete_directory', { folder: '/x' });
const schedule = { id: 1, backup_type: 'full', enabled: true } as const;
// @ts-expect-error a daily schedule has an hour
void call('update_cron_schedules', { schedules: [{ ...schedule, frequency: 'daily', minute: 30 }] });
void call('update_cron_schedules', { schedules: [{ ...schedule, frequency: 'hourly', minute: 30 }] });
void call('cleanup_backups', { backup_ids: null, folders: null }, { timeout: 1, signal: AbortSignal.timeout(1) });
export const idOf = (reply: Reply): string | undefined => (reply.code === 202 ? reply.id : undefined);
// @ts-expect-error a refusal has no id
export const wrong = (reply: Reply): string => reply.id;
`;

/** Returns an empty directory with the package installed as users install it. */
function installed(t: TestContext): string {
  npm(PROJECT, 'run', '--silent', 'compile');
  const folder = testFolder(t);
  const packed = npm(PROJECT, 'pack', '--silent', '--pack-destination', folder).trim();
  const home = join(folder, 'api-server');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "name": "api-server", "type": "module" }');
  npm(
    home,
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    join(folder, packed),
  );
  return home;
}

test('dbcalm-cmd from npm installs in an API server, has correct types and calls the daemon', async (t) => {
  const daemon = await startDaemon(t);
  const home = installed(t);
  const path = join(daemon.at.backups, 'b1');
  mkdirSync(path);
  writeFileSync(join(home, 'main.ts'), exampleOf(daemon.at.socket, path));
  writeFileSync(join(home, 'wrong.ts'), WRONG);
  const strict = { module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, types: ['node'] };
  const compilerOptions = {
    ...strict,
    typeRoots: [join(MODULES, '@types')],
    target: 'es2024',
    skipLibCheck: false,
  };
  writeFileSync(
    join(home, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['main.ts', 'wrong.ts'] }),
  );
  const checked = spawnSync(join(MODULES, '.bin/tsc'), [], { cwd: home, encoding: 'utf8' });
  assert.deepEqual([checked.status, checked.stdout], [0, '']);

  const run = () => spawnSync(process.execPath, ['main.js'], { cwd: home, encoding: 'utf8' });
  const [, id = ''] = /^accepted (\S+)\n$/.exec(run().stdout) ?? [];
  assert.equal((await daemon.ended(id)).command, `/bin/rm -rf ${path}`);
  await daemon.stop();
  assert.equal(run().stdout, 'no reply UNREACHABLE\n');

  const program = join(home, 'node_modules/.bin/dbcalm-cmd');
  const pinned = {
    encoding: 'utf8',
    env: { PATH: `${join(home, 'node_modules/.bin')}:/usr/bin:/bin` },
  } as const;
  assert.equal(execFileSync(program, ['--version'], pinned), `${VERSION}\n`);
  assert.match(execFileSync(program, ['list', '--config', daemon.at.configFile], pinned), new RegExp(id));
});

test('package.json exports resolve with every kind of module resolution', () => {
  npm(PROJECT, 'run', '--silent', 'compile');
  const { status, stdout } = spawnSync(join(MODULES, '.bin/publint'), ['run', PROJECT, '--strict'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});
