import assert from 'node:assert/strict';
import { closeSync, existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createActor, toPromise } from 'xstate';
import { finishStep } from '../../../../src/actors/process/steps/finish.ts';
import { holdDirectoryOf, stageFile, syncDirectoryOf } from '../../../../src/io/fs/staged-file.ts';
import { testFolder } from '../../../support/folder.ts';
import { replaceCall } from '../../../support/replace-call.ts';
import { replaceStep } from '../../../support/replace-step.ts';

/** Records every operation on a file from now on, with its path. A sync takes some turns of the event loop, so that
 * code that does not wait for it continues before it ends. With `fails`, each sync fails. */
function watched(t: TestContext, fails = false) {
  const did: string[] = [];
  const synced = new Set<unknown>();
  const note = (fd: unknown, deed: string) => did.push(`${deed} ${readlinkSync(`/proc/self/fd/${fd}`)}`);
  const noting = (name: 'writeFileSync' | 'fchmodSync' | 'futimesSync', deed: string) =>
    replaceCall(t, name, (original) => (fd, ...args) => {
      original(fd, ...args);
      note(fd, deed);
    });
  noting('writeFileSync', 'written');
  noting('fchmodSync', 'opened up');
  noting('futimesSync', 'dated');
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

/** The directory as `prepareStep` holds it. */
function held(t: TestContext, folder: string) {
  const directory = holdDirectoryOf(join(folder, 'dbcalm'));
  t.after(() => closeSync(directory.fd));
  return directory;
}

test('`stageFile` syncs the file with its content and mode before it returns', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  const directory = held(t, folder);
  const did = watched(t);
  await stageFile(directory, join(folder, 'dbcalm'), 'x', 'text\n');
  did.push('told');
  const deeds = ['written', 'opened up', 'dated', 'sync'].map((deed) => `${deed} ${path}`);
  assert.deepEqual(did, [...deeds, 'synced', 'closed', 'told']);
});

test('`syncDirectoryOf` syncs the directory and nothing else', async (t) => {
  const folder = testFolder(t);
  const did = watched(t);
  await syncDirectoryOf(join(folder, 'dbcalm'));
  did.push('told');
  assert.deepEqual(did, [`sync ${folder}`, 'synced', 'closed', 'told']);
});

test('`stageFile` fails if the sync fails, removes its file and closes its descriptors', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, '.dbcalm.x');
  const directory = held(t, folder);
  const did = watched(t, true);
  const target = join(folder, 'dbcalm');
  await assert.rejects(stageFile(directory, target, 'x', 'text\n'), /the old one is untouched: EIO/);
  assert.ok(!existsSync(path));
  await assert.rejects(syncDirectoryOf(target), /EIO/);
  assert.deepEqual(did.slice(3), [`sync ${path}`, 'closed', `sync ${folder}`, 'closed']);
});

test('`finishStep` syncs the directory after a rename, and does not after a failure', async (t) => {
  const folder = testFolder(t);
  const step = replaceStep(folder);
  const finish = (succeeded: boolean) =>
    toPromise(createActor(finishStep, { input: { step, succeeded } }).start());
  const did = watched(t);
  await finish(false);
  assert.equal(did.length, 0);
  await finish(true);
  did.push('told');
  assert.deepEqual(did, [`sync ${folder}`, 'synced', 'closed', 'told']);
});
