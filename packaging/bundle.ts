/** The program as scripts, with what they need of node_modules. */
import { basename, join, relative } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { unicodeEscape } from '../src/io/log/escape.ts';
import { lateModules } from './late-modules.ts';
import { MODULES, PROJECT } from './project.ts';

const LOADER = join(PROJECT, 'src/io/os/native-addon.ts');
const KOFFI = `@koromix/koffi-linux-${process.arch}`;

export interface Bundle {
  /** Of each script its name and its code. `main.js` is the first; what it imports dynamically is in others. */
  readonly scripts: ReadonlyMap<string, string>;
  /** The native addons that it loads: the name by which it asks for each, and where it lies. */
  readonly addons: ReadonlyMap<string, string>;
  /** The packages that are in it, the addons' too. */
  readonly packages: readonly string[];
}

export async function bundle(): Promise<Bundle> {
  const addons = new Map<string, string>();
  const { outputFiles, metafile } = await build({
    absWorkingDir: PROJECT,
    entryPoints: ['src/main.ts'],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // A script each for what is imported together: a start loads those that it needs.
    splitting: true,
    outdir: '.',
    // Not minified: a crash shows the line that it happened in.
    legalComments: 'none',
    logLevel: 'warning',
    alias: {
      'better-sqlite3': `better-sqlite3/linux-${process.arch}`,
      koffi: join(MODULES, 'koffi/index.cjs'),
    },
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    plugins: [lateModules(), withoutSideEffects('typebox'), nativeAddons(addons)],
  });
  const scripts = new Map<string, string>();
  for (const { path, text } of outputFiles) scripts.set(basename(path), ascii(await scriptOf(text)));
  const files = [...Object.keys(metafile.inputs), ...addons.keys()];
  return { scripts, addons, packages: packagesOf(files) };
}

/** Of a module: V8 has a code cache of scripts alone. */
async function scriptOf(module: string): Promise<string> {
  // Where each part comes from is to be seen in a crash, too.
  const kept = module.replace(/^\/\/ (?=src\/|node_modules\/)/gm, '//! ');
  const { code } = await transform(kept, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    supported: { 'dynamic-import': false },
    legalComments: 'inline',
    logLevel: 'warning',
  });
  return `(function (exports, require, module, __filename, __dirname) {${code.replace(/^#!.*/, '')}\n})`;
}

/** One byte a character: V8 then keeps it in half the space, and reads it without a look at each. The same in strings,
 * in names and in regular expressions, which esbuild's own `charset` leaves as they are. */
const ascii = (code: string) => code.replace(/[^\0-\x7f]/g, unicodeEscape);

/** Where a package asks for its addon, it gets it from the executable. */
function nativeAddons(addons: Map<string, string>): Plugin {
  const found = (file: string) => {
    const path = relative(MODULES, file);
    addons.set(path, file);
    return { path, namespace: 'addon' };
  };
  return {
    name: 'native-addons',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => found(join(resolveDir, path)));
      // Of koffi's packages one is for this machine; the others it does without.
      onResolve({ filter: /^@koromix\// }, ({ path }) =>
        path === KOFFI
          ? found(join(MODULES, KOFFI, `linux_${process.arch}`, 'koffi.node'))
          : { external: true },
      );
      onLoad({ filter: /.*/, namespace: 'addon' }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(LOADER)}).loadAddon(${JSON.stringify(path)});`,
        resolveDir: PROJECT,
      }));
    },
  };
}

/** Of this package, which does not say so itself, what is not used is left out. */
function withoutSideEffects(name: string): Plugin {
  const within = join(MODULES, name);
  return {
    name: `without-side-effects-${name}`,
    setup({ onResolve, resolve }) {
      onResolve({ filter: /.*/ }, async ({ path, pluginData, ...from }) => {
        const asked = path === name || path.startsWith(`${name}/`) || from.importer.startsWith(within);
        if (pluginData === within || !asked) return;
        const found = await resolve(path, { ...from, pluginData: within });
        return { ...found, sideEffects: false };
      });
    },
  };
}

function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /(?:node_modules\/|^)((?:@[\w.-]+\/)?[\w.-]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined && name !== 'src'))].toSorted() as string[];
}
