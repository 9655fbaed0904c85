import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bundle } from '../../packaging/bundle.ts';
import { MODULES, NODE } from '../../packaging/project.ts';
import { prepare } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';

const WATCH = join(import.meta.dirname, '..', 'support', 'start-watch.cjs');

interface Loaded {
  /** Modules of Node itself, beyond those that it loads before the first line of the program. */
  readonly builtins: readonly string[];
  /** The packages of node_modules that are part of the compiled scripts. */
  readonly packages: readonly string[];
  readonly addons: readonly string[];
}

test('dbcalm-cmd has loaded only the modules it needs when it begins to listen', async (t) => {
  const loaded = await loadedAtStart(t);
  // Calls of the C library come later: they are for children, and for the process of the shared database.
  assert.deepEqual(loaded.addons, [`better-sqlite3/prebuilds/linux-${process.arch}.node`]);
  assert.deepEqual(loaded.packages, [
    '@pinojs/redact',
    'atomic-sleep',
    'better-sqlite3',
    'commander',
    'js-yaml',
    'koffi',
    'limiter',
    'nanoid',
    'on-exit-leak-free',
    'pino',
    'pino-std-serializers',
    'quick-format-unescaped',
    'safe-stable-stringify',
    'sonic-boom',
    'thread-stream',
    'typebox',
    'xstate',
  ]);
  // The modules of Node that take long to load.
  const slow =
    /^(assert|crypto|http|readline|worker_threads|zlib|internal\/(assert|crypto|fs\/promises|readline|worker)(\/|$))/;
  assert.deepEqual(
    loaded.builtins.filter((name) => slow.test(name)),
    [],
  );
  // The watch must be able to see any modules.
  assert.ok(loaded.builtins.includes('net'));
});

async function loadedAtStart(t: TestContext): Promise<Loaded> {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'scripts'));
  for (const [name, code] of (await bundle()).scripts)
    writeFileSync(join(folder, 'scripts', name), code, 'latin1');
  const { configFile } = prepare(folder);
  const words = jailed(folder, [NODE, WATCH, folder, MODULES, '--config', configFile]);
  const [file, ...args] = words as [string, ...string[]];
  const daemon = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  daemon.stderr.on('data', (piece) => {
    said += piece;
  });
  const closed = once(daemon, 'close');
  const [line] = await Promise.race([once(daemon.stdout, 'data'), closed.then(() => [undefined])]);
  daemon.kill();
  await closed;
  assert.ok(line, `it did not start: ${said}`);
  return JSON.parse(String(line)) as Loaded;
}
