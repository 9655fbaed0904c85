import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createActor, toPromise } from 'xstate';
import { finishStep } from '../../src/actors/finish-step.ts';
import { stageFile, syncFolderOf } from '../../src/io/staged-file.ts';
import { testFolder } from '../support/folder.ts';

/** Writes down, with the path, what is done to every file that is opened from now on. A sync takes its time, so that
 * whoever does not wait for it is overtaken; with `fails` it is refused by the disk. */
async function watched(t: TestContext, folder: string, fails = false) {
  const did: string[] = [];
  const handle = await open(folder);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { writeFile, chmod, sync } = prototype;
  const note = (file: FileHandle, deed: string) =>
    did.push(`${deed} ${readlinkSync(`/proc/self/fd/${file.fd}`)}`);
  t.mock.method(prototype, 'writeFile', async function (this: FileHandle, ...args: [string]) {
    await writeFile.apply(this, args);
    note(this, 'written');
  });
  t.mock.method(prototype, 'chmod', async function (this: FileHandle, mode: number) {
    await chmod.call(this, mode);
    note(this, 'opened up');
  });
  t.mock.method(prototype, 'sync', async function (this: FileHandle) {
    note(this, 'sync');
    // `close` is no method of the prototype; its event is.
    (this as unknown as NodeJS.EventEmitter).once('close', () => did.push('closed'));
    for (let turns = 0; turns < 20; turns++) await turn();
    if (fails) throw new Error('EIO: of the test');
    await sync.call(this);
    did.push('synced');
  });
  return did;
}

test('a staged file is on disk, content and mode, before anybody hears that it is there', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  const did = await watched(t, folder);
  await stageFile(path, 'text\n');
  did.push('told');
  assert.deepEqual(did, [`written ${path}`, `opened up ${path}`, `sync ${path}`, 'synced', 'closed', 'told']);
});

test('a rename lasts once the folder is synced, the folder and nothing else', async (t) => {
  const folder = testFolder(t);
  const did = await watched(t, folder);
  await syncFolderOf(join(folder, 'dbcalm'));
  did.push('told');
  assert.deepEqual(did, [`sync ${folder}`, 'synced', 'closed', 'told']);
});

test('a file that the disk did not take is none: no error is swallowed, nothing is left, nothing stays open', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  const did = await watched(t, folder, true);
  await assert.rejects(stageFile(path, 'text\n'), /the old one is untouched: EIO/);
  assert.ok(!existsSync(path));
  await assert.rejects(syncFolderOf(path), /EIO/);
  assert.deepEqual(did.slice(2), [`sync ${path}`, 'closed', `sync ${folder}`, 'closed']);
});

test('after the rename the folder is synced before the command ends; after a failure there is nothing to sync', async (t) => {
  const folder = testFolder(t);
  const step = {
    do: 'replace',
    target: join(folder, 'dbcalm'),
    staged: join(folder, '.x'),
    content: '',
  } as const;
  const finish = (succeeded: boolean) =>
    toPromise(createActor(finishStep, { input: { step, succeeded } }).start());
  const did = await watched(t, folder);
  await finish(false);
  assert.equal(did.length, 0);
  await finish(true);
  did.push('told');
  assert.deepEqual(did, [`sync ${folder}`, 'synced', 'closed', 'told']);
});
