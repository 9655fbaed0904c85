/** `npm run build`: makes dist/dbcalm-cmd, the program with its native addons and the pinned Node, in one file. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ASSETS } from '../src/cli/web/assets.ts';
import { type Bundle, bundle } from './bundle.ts';
import { makeCodeCache } from './code-cache.ts';
import { DIST, EXECUTABLE, MODULES, NODE, PAGE, PROJECT, V8_FLAGS } from './project.ts';

/** Where Node looks for what was put into it. Source: its documentation, "Single executable applications". */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Makes the executable; gives the packages that are in it. */
export async function buildExecutable(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dbcalm-cmd-build-'));
  try {
    const { scripts, addons, packages } = await bundle();
    const blob = await blobOf(folder, scripts, addons);
    mkdirSync(DIST, { recursive: true });
    const unfinished = `${EXECUTABLE}.new`;
    // Before anything is put into it: afterwards it would break.
    run('strip', ['-o', unfinished, NODE]);
    run(NODE, [
      join(MODULES, 'postject/dist/cli.js'),
      ...[unfinished, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE],
    ]);
    chmodSync(unfinished, 0o755);
    // One that runs keeps its own.
    renameSync(unfinished, EXECUTABLE);
    return packages;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes the blob that is injected into Node. Returns the path of its file. */
async function blobOf(folder: string, scripts: Bundle['scripts'], addons: Bundle['addons']): Promise<string> {
  const file = (name: string) => join(folder, name);
  mkdirSync(file('scripts'));
  for (const [name, code] of scripts) writeFileSync(file(`scripts/${name}`), code, 'latin1');
  await makeCodeCache(folder);
  const made = [...scripts.keys()].flatMap((name) => [`scripts/${name}`, `code-cache/${name}`]);
  copyFileSync(join(import.meta.dirname, 'loader.cjs'), file('loader.cjs'));
  const settings = {
    // Without a directory: Node keeps this name in the blob.
    main: 'loader.cjs',
    output: file('blob'),
    disableExperimentalSEAWarning: true,
    // Only the daemon decides about its options: NODE_OPTIONS is ignored.
    execArgvExtension: 'none',
    execArgv: V8_FLAGS,
    assets: {
      ...Object.fromEntries(made.map((name) => [name, file(name)])),
      ...Object.fromEntries(addons),
      ...Object.fromEntries(ASSETS.map((name) => [`page/${name}`, join(PAGE, name)])),
    },
  };
  writeFileSync(file('settings'), JSON.stringify(settings));
  run(NODE, ['--experimental-sea-config', 'settings'], folder);
  return file('blob');
}

function run(file: string, args: readonly string[], cwd = PROJECT): void {
  execFileSync(file, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

if (import.meta.main) {
  await buildExecutable();
  const size = Math.round(statSync(EXECUTABLE).size / 1_000_000);
  console.log(`${relative(PROJECT, EXECUTABLE)}: ${size} MB`);
}
