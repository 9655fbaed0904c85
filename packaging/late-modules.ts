/** Modules that the executable loads when it first uses one of their exports, and not while it starts. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { PROJECT } from './project.ts';

/** No start needs them, and each takes a part of a millisecond or several: they stand at the top of files that it needs. */
const LATE = ['koffi', 'thread-stream', 'assert', 'worker_threads', 'node:fs/promises'];

const requireHere = createRequire(join(PROJECT, 'package.json'));

export function lateModules(): Plugin {
  const filter = new RegExp(`^(${LATE.join('|')})$`);
  return {
    name: 'late-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter }, ({ path, namespace }) =>
        // What stands in for the module is what asks for it.
        namespace === 'late' ? undefined : { path, namespace: 'late' },
      );
      onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
        contents: standIn(path),
        resolveDir: PROJECT,
      }));
    },
  };
}

/** A module of the same exports, each of them taken from the real one when it is asked for. */
function standIn(name: string): string {
  const real = requireHere(name) as Record<string, unknown>;
  const exports = Object.entries(real).map(([key, value]) =>
    // What is no object is the same in each process: it does not need the module.
    Object(value) === value ? `get ${key}() { return real().${key}; }` : `${key}: ${JSON.stringify(value)}`,
  );
  const call = typeof real === 'function' ? '(...args) => real()(...args)' : '{}';
  return `
const real = () => require(${JSON.stringify(name)});
module.exports = Object.defineProperties(${call}, Object.getOwnPropertyDescriptors({ ${exports.join(', ')} }));`;
}
