/** Runs the program and, once the daemon listens, writes the code that V8 compiled from its scripts:
 * `warm-up.cjs DIRECTORY MODULES ARGS...`, where the scripts are in DIRECTORY/scripts. */
const fs = require('node:fs');
const { readdirSync, readFileSync, writeFileSync } = fs;
const { join } = require('node:path');
const sea = require('node:sea');
const vm = require('node:vm');

const [folder, modules] = process.argv.splice(2, 2);
const inFolder = (kind, name = '') => join(folder, kind, name);

// In the executable they are assets. Of the code cache there is nothing yet.
sea.getRawAsset = (name) => {
  if (name.startsWith('code-cache/')) return new ArrayBuffer(0);
  return new Uint8Array(readFileSync(join(name.startsWith('scripts/') ? folder : modules, name))).buffer;
};
const compiled = new Map();
const { Script } = vm;
vm.Script = class extends Script {
  constructor(code, { filename }) {
    super(code, { filename });
    compiled.set(filename, this);
  }
};
/** At this moment, not later: what comes after it comes in the order in which timers and signals do, and V8 numbers functions in
 * the order in which it compiles them. */
const { writeSync } = fs;
fs.writeSync = (fd, line, ...rest) => {
  if (typeof line === 'string' && line.includes('"msg":"listening"')) writeCaches();
  return writeSync(fd, line, ...rest);
};
function writeCaches() {
  for (const name of readdirSync(inFolder('scripts'))) {
    // A script that this start does not load has at least its outermost functions compiled.
    const script = compiled.get(name) ?? new Script(readFileSync(inFolder('scripts', name), 'latin1'));
    writeFileSync(inFolder('code-cache', name), script.createCachedData());
  }
}
require('./loader.cjs');
