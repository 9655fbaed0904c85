import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createActor, toPromise } from 'xstate';
import { finishStep } from '../../src/actors/finish-step.ts';
import { stageFile, syncFolderOf } from '../../src/io/staged-file.ts';
import { testFolder } from '../support/folder.ts';
import { replaceCall } from '../support/replace-call.ts';

/** Writes down, with the path, what is done to every file from now on. A sync takes its time, so that whoever does not
 * wait for it is overtaken; with `fails` it is refused by the disk. */
function watched(t: TestContext, fails = false) {
  const did: string[] = [];
  const synced = new Set<unknown>();
  const note = (fd: unknown, deed: string) => did.push(`${deed} ${readlinkSync(`/proc/self/fd/${fd}`)}`);
  const noting = (name: 'writeFileSync' | 'fchmodSync', deed: string) =>
    replaceCall(t, name, (original) => (fd, ...args) => {
      original(fd, ...args);
      note(fd, deed);
    });
  noting('writeFileSync', 'written');
  noting('fchmodSync', 'opened up');
  replaceCall(t, 'fsync', (original) => (fd, done) => {
    note(fd, 'sync');
    synced.add(fd);
    const tell = done as (error: Error | null) => void;
    const end = () => {
      if (fails) return tell(new Error('EIO: of the test'));
      original(fd, (error: Error | null) => {
        did.push('synced');
        tell(error);
      });
    };
    (function wait(turns: number) {
      if (turns === 0) end();
      else setImmediate(wait, turns - 1);
    })(20);
  });
  replaceCall(t, 'closeSync', (original) => (fd) => {
    original(fd);
    if (synced.delete(fd)) did.push('closed');
  });
  return did;
}

test('a staged file is on disk, content and mode, before anybody hears that it is there', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  const did = watched(t);
  await stageFile(path, 'text\n');
  did.push('told');
  assert.deepEqual(did, [`written ${path}`, `opened up ${path}`, `sync ${path}`, 'synced', 'closed', 'told']);
});

test('a rename lasts once the folder is synced, the folder and nothing else', async (t) => {
  const folder = testFolder(t);
  const did = watched(t);
  await syncFolderOf(join(folder, 'dbcalm'));
  did.push('told');
  assert.deepEqual(did, [`sync ${folder}`, 'synced', 'closed', 'told']);
});

test('a file that the disk did not take is none: no error is swallowed, nothing is left, nothing stays open', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  const did = watched(t, true);
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
  const did = watched(t);
  await finish(false);
  assert.equal(did.length, 0);
  await finish(true);
  did.push('told');
  assert.deepEqual(did, [`sync ${folder}`, 'synced', 'closed', 'told']);
});
