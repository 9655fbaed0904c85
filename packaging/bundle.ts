/** The program as one script, with what it needs of node_modules. */
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { unicodeEscape } from '../src/io/unicode-escape.ts';
import { MODULES, PROJECT } from './project.ts';

const LOADER = join(PROJECT, 'src/io/native-addon.ts');
const KOFFI = `@koromix/koffi-linux-${process.arch}`;

export interface Bundle {
  readonly code: string;
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
    format: 'cjs',
    // Not minified: a crash shows the line that it happened in.
    legalComments: 'none',
    logLevel: 'warning',
    alias: {
      'better-sqlite3': `better-sqlite3/linux-${process.arch}`,
      koffi: join(MODULES, 'koffi/index.cjs'),
    },
    define: { 'import.meta.dirname': '__dirname' },
    plugins: [nativeAddons(addons)],
  });
  const files = [...Object.keys(metafile.inputs), ...addons.keys()];
  const [output] = outputFiles;
  if (!output) throw new Error('esbuild made nothing');
  return { code: ascii(output.text), addons, packages: packagesOf(files) };
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

function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /(?:node_modules\/|^)((?:@[\w.-]+\/)?[\w.-]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined && name !== 'src'))].toSorted() as string[];
}
