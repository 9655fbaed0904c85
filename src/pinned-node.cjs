// Old syntax on purpose: this file must run, and speak, on every Node.
var wanted = [24, 21];
var have = process.versions.node.split('.').map(Number);
if (have[0] !== wanted[0] || have[1] < wanted[1]) {
  console.error(
    'dbcalm-cmd: needs Node ' +
      wanted.join('.') +
      ' (24.x), but runs on ' +
      process.versions.node +
      '.\n' +
      'The project brings its own: run "npm ci" without --omit=optional, then "npm start" or "npm test".\n' +
      'It is there for Linux on x64 and arm64; elsewhere put a Node 24 first on your PATH.',
  );
  process.exit(1);
}
