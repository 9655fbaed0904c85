/** Constants that the scripts of this directory share. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

export const PROJECT = join(import.meta.dirname, '..');
export const MODULES = join(PROJECT, 'node_modules');
export const DIST = join(PROJECT, 'dist');
export const EXECUTABLE = join(DIST, 'dbcalm-cmd');
export const PAGE = join(PROJECT, 'src/cli/web/page');
export const VERSION = manifest.version;

/** The package that brings the pinned Node: what is shipped holds that one, whichever runs the build. */
export const NODE_PACKAGE = `node-linux-${process.arch}`;
export const NODE = join(MODULES, NODE_PACKAGE, 'bin/node');

/** The flags of V8 in the executable. The idle daemon collects garbage itself (io/os/idle-memory.ts): V8 need not wake up
 * 8 s later to do it again. */
export const V8_FLAGS = ['--no-memory-reducer'];

export const textOf = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');

export const DEBIAN_ARCH = process.arch === 'x64' ? 'amd64' : process.arch;
export const DEB = join(DIST, `dbcalm-cmd_${VERSION}_${DEBIAN_ARCH}.deb`);
