/** V8's code cache of the program's scripts, with the functions that a start runs: they need not be compiled then. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODULES, NODE, V8_FLAGS } from './project.ts';

/** The same input must give the same bytes: V8 orders by hashes, and forgets what it has not run for a while. What lay in memory
 * before is in the gaps of its objects, and thus in the cache: nothing may be collected, or be done by threads beside. */
const DETERMINISTIC = [
  ...['--hash-seed=1', '--random-seed=1', '--no-flush-bytecode', '--single-threaded'],
  // In MiB. A start fills 12.
  ...['--min-semi-space-size=64', '--max-semi-space-size=64', '--initial-old-space-size=256'],
];

/** Where V8 has the hash of the flags that it ran with, in 4 bytes. Source: SerializedCodeData in code-serializer.h. */
const FLAGS_AT = 12;

/** Writes a code cache for each file in `scripts` of this directory, into a file of the same name in `code-cache`. */
export async function makeCodeCache(folder: string): Promise<void> {
  const [run, caches] = ['run', 'code-cache'].map((name) => join(folder, name)) as [string, string];
  mkdirSync(run);
  mkdirSync(caches);
  await startAndStop([...DETERMINISTIC, WARM_UP, folder, MODULES, '--config', configOf(run)]);
  // It is refused by a V8 with other flags. These change none of the code: the executable, with its own, may have it.
  const usual = Buffer.from(evaluate("new vm.Script('').createCachedData().toString('hex')"), 'hex');
  for (const name of readdirSync(caches)) {
    const made = readFileSync(join(caches, name));
    usual.copy(made, FLAGS_AT, FLAGS_AT, FLAGS_AT + 4);
    writeFileSync(join(caches, name), made);
  }
  const [scripts, data] = [join(folder, 'scripts'), caches].map(
    (from) => `fs.readFileSync(path.join(${JSON.stringify(from)}, name))`,
  );
  const rejected = `new vm.Script(${scripts}.latin1Slice(), { cachedData: ${data} }).cachedDataRejected`;
  const refused = evaluate(`fs.readdirSync(${JSON.stringify(caches)}).filter((name) => ${rejected}).join()`);
  if (refused !== '') throw new Error(`V8 does not take its own code cache of ${refused}`);
}

const evaluate = (expression: string) =>
  execFileSync(NODE, [...V8_FLAGS, '-p', expression], { encoding: 'utf8' }).trim();

const WARM_UP = join(import.meta.dirname, 'warm-up.cjs');

/** Writes the config of the daemon that is started. All its paths lie in one directory. */
function configOf(folder: string): string {
  const file = join(folder, 'cmd-config.yml');
  const roots = join(folder, 'backups');
  mkdirSync(roots);
  const paths = {
    database_path: join(folder, 'db.sqlite3'),
    socket_path: join(folder, 'cmd.sock'),
    admin_socket_path: join(folder, 'cmd-admin.sock'),
    cron_file: join(folder, 'crontab'),
    cmd_log_file: join(folder, 'cmd.log'),
    audit_log_file: join(folder, 'cmd-audit.log'),
    deletion_roots: [roots],
  };
  writeFileSync(file, JSON.stringify(paths));
  return file;
}

/** Starts a daemon, and stops it once it listens. */
function startAndStop(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const daemon = spawn(NODE, args, {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { PATH: '/usr/bin:/bin' },
    });
    let said = '';
    daemon.stderr.on('data', (piece: Buffer) => {
      said += piece;
      if (said.includes('"msg":"listening"')) daemon.kill('SIGTERM');
    });
    daemon.once('error', reject).once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the program does not start: ${said}`));
    });
  });
}
