/** Runs the program's scripts as the executable does, and prints as JSON the modules that are loaded when it listens.
 * Usage: `start-watch.cjs PLACE MODULES ARGS...`, with the scripts in PLACE/scripts. */
const fs = require('node:fs');
const { join } = require('node:path');
const sea = require('node:sea');
const vm = require('node:vm');

const [folder, modules] = process.argv.splice(2, 2);
const addons = [];
const packages = new Set();

sea.getRawAsset = (name) => {
  if (name.startsWith('code-cache/')) return new ArrayBuffer(0);
  if (name.endsWith('.node')) addons.push(name);
  return Uint8Array.from(fs.readFileSync(join(name.endsWith('.node') ? modules : folder, name))).buffer;
};
const { Script } = vm;
vm.Script = class extends Script {
  constructor(code, { filename }) {
    super(code, { filename });
    for (const [, name] of code.matchAll(/^\/\/! node_modules\/((?:@[\w.-]+\/)?[\w.-]+)/gm))
      packages.add(name);
  }
};
const before = new Set(process.moduleLoadList);
const { writeSync } = fs;
fs.writeSync = (fd, ...rest) => {
  if (fd === 2 && String(rest[0]).includes('"msg":"listening"')) {
    const builtins = process.moduleLoadList
      .filter((name) => name.startsWith('NativeModule ') && !before.has(name))
      .map((name) => name.slice('NativeModule '.length));
    writeSync(1, JSON.stringify({ builtins, packages: [...packages].toSorted(), addons }));
  }
  return writeSync(fd, ...rest);
};
require('../../packaging/loader.cjs');
