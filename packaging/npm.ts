/** `npm run compile`: makes dist/npm, what the package of npm holds: the program and the client, in JavaScript. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { DIST, MODULES, NODE, PAGE, PROJECT } from './project.ts';

const OUT = join(DIST, 'npm');

rmSync(OUT, { recursive: true, force: true });
await build({
  absWorkingDir: PROJECT,
  entryPoints: ['src/main.ts', 'src/client.ts'],
  outdir: OUT,
  bundle: true,
  // Its dependencies stay what they are: dependencies.
  packages: 'external',
  platform: 'node',
  target: 'node24',
  format: 'esm',
  logLevel: 'warning',
});
cpSync(PAGE, join(OUT, 'page'), { recursive: true });
execFileSync(NODE, [join(MODULES, 'typescript/bin/tsc'), '-p', 'tsconfig.npm.json'], {
  cwd: PROJECT,
  stdio: 'inherit',
});
console.log(relative(PROJECT, OUT));
