/** Runs the program and writes down what V8 made of it: `warm-up.cjs PROGRAM CACHE MODULES ARGS...` */
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const sea = require('node:sea');
const { Script } = require('node:vm');

const [program, cache, modules] = process.argv.splice(2, 3);
// In the executable they are assets.
sea.getRawAsset = (name) => Uint8Array.from(readFileSync(join(modules, name))).buffer;

const script = new Script(readFileSync(program, 'latin1'), { filename: 'dbcalm-cmd' });
process.once('exit', () => writeFileSync(cache, script.createCachedData()));
script.runInThisContext()(exports, require, module, __filename, __dirname);
