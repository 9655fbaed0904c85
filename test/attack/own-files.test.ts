import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { launchDaemon, prepare, startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';

test('delete_directory refuses the config and every file that belongs to a file of the daemon', async (t) => {
  const daemon = await startDaemon(t, {
    config: ({ folder }) => ({ deletion_roots: [folder], record: join(folder, 'record', 'traffic') }),
  });
  const { folder, configFile, database } = daemon.at;
  const state = join(folder, 'state', 'state.sqlite3');
  const derived = ['', '-wal', '-shm', '-journal', '-lock'];
  const files = [
    configFile,
    ...derived.flatMap((suffix) => [database + suffix, state + suffix]),
    join(folder, 'record', 'traffic'),
    join(folder, 'record', 'traffic.1'),
    dirname(state),
    dirname(database),
  ];
  for (const file of files) {
    const { code, message } = await daemon.deletion(file);
    assert.equal(code, 403, file);
    assert.match(message as string, /the daemon keeps .* there/);
  }
  assert.ok(existsSync(configFile));
});

test('delete_directory refuses a linked config both at the link and at its target', async (t) => {
  let kill = async () => {};
  t.after(() => kill());
  const folder = testFolder(t);
  const at = prepare(folder, { deletion_roots: [folder] });
  const link = join(folder, 'link.yml');
  symlinkSync(basename(at.configFile), link);
  const daemon = await launchDaemon({ ...at, configFile: link });
  kill = () => daemon.kill();
  for (const file of [at.configFile, link]) assert.equal((await daemon.deletion(file)).code, 403, file);
});
