/** The first code of the executable: compiles the program, for the most part by taking it from the code cache. */
const { Script } = require('node:vm');
const { getRawAsset } = require('node:sea');

const script = new Script(Buffer.from(getRawAsset('program')).latin1Slice(), {
  filename: 'dbcalm-cmd',
  cachedData: Buffer.from(getRawAsset('code-cache')),
});
script.runInThisContext()(exports, require, module, __filename, __dirname);
