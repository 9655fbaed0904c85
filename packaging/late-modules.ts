/** Modules that the executable loads when it first uses one of their exports, and not while it starts. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { MODULES, PROJECT } from './project.ts';

/** Files that a start needs import them, and a start does without. Each takes it a part of a millisecond, or several. */
const LATE = [
  'assert',
  'koffi',
  'node:fs/promises',
  'node:http',
  'thread-stream',
  'typebox/format',
  'worker_threads',
];

const requireHere = createRequire(join(PROJECT, 'package.json'));

export function lateModules(): Plugin {
  const late = (name: string) => ({ path: name, namespace: 'late' });
  return {
    name: 'late-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^(${LATE.join('|')})$`) }, ({ path, namespace }) =>
        // The stand-in of a module requires the real one.
        namespace === 'late' ? undefined : late(path),
      );
      onResolve({ filter: /\/format\/index\.mjs$/ }, ({ importer }) =>
        importer.startsWith(join(MODULES, 'typebox/build/schema')) ? late('typebox/format') : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
        contents: standIn(path),
        resolveDir: PROJECT,
      }));
    },
  };
}

/** A module of the same exports; the real one is loaded when one of them is asked for. */
function standIn(name: string): string {
  const real = requireHere(name) as Record<string, unknown>;
  const exports = Object.entries(real).map(([key, value]) =>
    // A primitive value is the same in each process.
    Object(value) === value ? `get ${key}() { return real().${key}; }` : `${key}: ${JSON.stringify(value)}`,
  );
  const itself = typeof real === 'function' ? '(...args) => real()(...args)' : '{}';
  return `
const real = () => require(${JSON.stringify(name)});
module.exports = Object.defineProperties(${itself}, Object.getOwnPropertyDescriptors({ ${exports.join(', ')} }));`;
}
