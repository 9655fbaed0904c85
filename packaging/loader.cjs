/** The first code of the executable: runs the program's scripts, each when it is first required. Most of their code needs no
 * compiling: it is taken from the code cache. */
const vm = require('node:vm');
const { getRawAsset } = require('node:sea');

const loaded = new Map();

function load(name) {
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const script = new vm.Script(Buffer.from(getRawAsset(`scripts/${name}`)).latin1Slice(), {
    filename: name,
    cachedData: Buffer.from(getRawAsset(`code-cache/${name}`)),
  });
  script.runInThisContext()(module.exports, requireFrom, module, __filename, __dirname);
  return module.exports;
}

const requireFrom = (name) => (name.startsWith('./') ? load(name.slice(2)) : require(name));

load('main.js');
