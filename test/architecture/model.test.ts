import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { importsIn } from './imports-in.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

/** Returns all direct and indirect imports of a file: files relative to the project's root, packages by their names. */
function madeOf(file: string, seen = new Set<string>()): Set<string> {
  for (const name of importsIn(readFileSync(join(PROJECT, file), 'utf8'))) {
    const found = name.startsWith('.') ? relative(PROJECT, join(PROJECT, dirname(file), name)) : name;
    if (seen.has(found)) continue;
    seen.add(found);
    if (name.startsWith('.')) madeOf(found, seen);
  }
  return seen;
}

const foreign = (pattern: string, isAllowed: (name: string) => boolean) => {
  const files = globSync(pattern, { cwd: PROJECT });
  assert.ok(files.length > 0, pattern);
  return files.flatMap((file) =>
    [...madeOf(file)].filter((name) => !isAllowed(name)).map((name) => `${file} imports ${name}`),
  );
};

const IMPORTS: readonly (readonly [code: string, found: string])[] = [
  ["import { x } from '../src/x.ts';", '../src/x.ts'],
  ["import {\n  x,\n} from '../src/x.ts';", '../src/x.ts'],
  ["import type { X } from '../src/x.ts';", '../src/x.ts'],
  ["export * from '../src/x.ts';", '../src/x.ts'],
  ["import '../src/x.ts';", '../src/x.ts'],
  ['import "../src/x.ts";', '../src/x.ts'],
  ["const { x } = await import('../src/x.ts');", '../src/x.ts'],
  ["await import(\n  '../src/x.ts'\n);", '../src/x.ts'],
  ['await import(`../src/x.ts`);', '../src/x.ts'],
  ["const x = require('../src/x.cjs');", '../src/x.cjs'],
  ["const get = createRequire(import.meta.url);\nget('../src/x.ts');", 'what createRequire hides'],
  ['await import(x);', 'what import( hides'],
  ['require(join(SRC, x));', 'what require( hides'],
];

test('`importsIn` finds every form of import', () => {
  for (const [code, found] of IMPORTS) assert.deepEqual(importsIn(code), [found], code);
  assert.deepEqual(importsIn("join(import.meta.dirname, 'x'); required('x');"), []);
});

test('test/model/oracles imports nothing of the code under test', () => {
  const allowed = /^test\/model\/(oracles|driver)\/|^xstate(\/graph)?$/;
  assert.deepEqual(
    foreign('test/model/oracles/*.ts', (name) => allowed.test(name)),
    [],
  );
});

test('test/model/contract imports nothing of src, and its model nothing at all', () => {
  assert.deepEqual(
    foreign('test/model/contract/contract-model.ts', () => false),
    [],
  );
  assert.deepEqual(
    foreign('test/model/contract/*.ts', (name) => !/^(src\/|what )/.test(name)),
    [],
  );
});

test('test/model/driver imports only itself and XState', () => {
  const allowed = /^test\/model\/driver\/|^xstate(\/graph)?$/;
  assert.deepEqual(
    foreign('test/model/driver/*.ts', (name) => allowed.test(name)),
    [],
  );
});
