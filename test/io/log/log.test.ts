import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openLog } from '../../../src/io/log/log.ts';
import { testFolder } from '../../support/folder.ts';
import { canMount, mounter } from '../../support/mount.ts';
import { replaceCall } from '../../support/replace-call.ts';
import { until } from '../../support/until.ts';

/** A log into a pipe. Its disk is slow while the test does not read, and broken while the pipe is closed. */
async function pipedLog(t: TestContext) {
  const file = join(testFolder(t), 'log');
  execFileSync('mkfifo', [file]);
  let text = '';
  let fd = -1;
  const open = () => {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  };
  const read = () => {
    const piece = Buffer.alloc(65_536);
    try {
      for (let count = 1; count > 0; text += piece.toString('utf8', 0, count)) count = readSync(fd, piece);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    const lines = text.split('\n').filter(Boolean);
    return lines.flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Record<string, unknown>] : []));
  };
  open();
  const log = await openLog({ file, level: 'info', maxHeldBytes: 100_000 });
  log.leaveStderr();
  const write = (count: number) => {
    for (let i = 0; i < count; i++) log.logger.info('x'.repeat(1_000));
  };
  const lostLine = () => read().find(({ lost }) => lost !== undefined);
  return { log, open, read, write, lostLine, hangUp: () => closeSync(fd) };
}

test('openLog counts lines that find no room while the disk is slow, and writes the count later', async (t) => {
  const { log, read, write, lostLine } = await pipedLog(t);
  write(500);
  const { lost, msg } = await until('the count', lostLine);
  assert.equal(msg, `${lost} lines were lost`);
  assert.ok((lost as number) >= 300, `${lost}`);
  assert.equal(read().length - 1 + (lost as number), 500);
  write(1);
  await until('the next line', () => read().length - 1 + (lost as number) === 501);
  await log.close();
});

test('openLog continues after its disk failed while it was full', async (t) => {
  const { log, open, read, write, lostLine, hangUp } = await pipedLog(t);
  hangUp();
  write(500);
  await wait(100);
  open();
  write(1);
  const { lost } = await until('the count', lostLine);
  assert.equal(read().length - 1 + (lost as number), 501);
  await log.close();
});

test('`reopen` opens the log again after a failure, and closes the old file once', async (t) => {
  const folder = join(testFolder(t), 'logs');
  const log = await openLog({ file: join(folder, 'log'), level: 'info' });
  log.leaveStderr();
  const closed: unknown[] = [];
  replaceCall(t, 'close', (original) => (fd, ...args) => {
    closed.push(fd);
    return original(fd, ...args);
  });
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, '');
  await assert.rejects(log.reopen(), { code: 'LOG_UNWRITABLE' });
  rmSync(folder);
  mkdirSync(folder);
  await log.reopen();
  log.logger.info('here');
  await until('the line', () => readFileSync(join(folder, 'log'), 'utf8').includes('here'));
  assert.equal(closed.length, 1);
  await log.close();
});

test('openLog joins lines of a short time into few writes, also behind a slow write', async (t) => {
  const file = join(testFolder(t), 'log');
  const log = await openLog({ file, level: 'info' });
  log.leaveStderr();
  let writes = 0;
  const slow = Promise.withResolvers<void>();
  replaceCall(t, 'write', (original) => (...args) => {
    writes++;
    slow.promise.then(() => original(...args));
  });
  const write = (count: number) => {
    for (let line = 0; line < count; line++) log.logger.info('here');
  };
  write(20);
  await until('the first write', () => writes > 0);
  // These lines are gathered while the slow write lasts, and then written at once.
  write(20);
  await wait(50);
  slow.resolve();
  await until('all lines', () => readFileSync(file, 'utf8').split('\n').length === 41);
  assert.equal(writes, 2);
  await log.close();
});

/** A log in a directory that others can write to. Each line checks the place of the file. */
async function watchedLog(t: TestContext, lookMs = 0) {
  const folder = testFolder(t);
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const file = join(shared, 'log');
  const warnings: string[] = [];
  const log = await openLog({ file, level: 'info', lookMs, warn: ({ code }) => warnings.push(code) });
  t.after(() => log.close());
  log.leaveStderr();
  const write = (line: string, path = file) => {
    log.logger.info(line);
    return until(`the line in ${path}`, () => existsSync(path) && readFileSync(path, 'utf8').includes(line));
  };
  return { log, file, warnings, write };
}

test('openLog takes its name back from another file without a SIGHUP', async (t) => {
  const { log, file, warnings, write } = await watchedLog(t);
  renameSync(file, `${file}.1`);
  symlinkSync(`${file}.1`, file);
  await write('here');
  assert.ok(lstatSync(file).isFile());
  assert.equal(readFileSync(`${file}.1`, 'utf8'), '');
  assert.deepEqual(warnings, ['LOG_SET_ASIDE']);
  assert.equal(log.trouble(), undefined);
});

test('openLog creates its file again after a rotation without a SIGHUP', async (t) => {
  const { file, warnings, write } = await watchedLog(t);
  renameSync(file, `${file}.1`);
  await write('here');
  assert.deepEqual(warnings, []);
});

test('openLog checks the place of its file no more often than configured', async (t) => {
  const { file, write } = await watchedLog(t, 60_000);
  renameSync(file, `${file}.1`);
  await write('here', `${file}.1`);
  assert.ok(!existsSync(file));
});

test('openLog warns once about a name that it cannot take back, and retries until it can', {
  skip: !canMount && 'mounts',
}, async (t) => {
  const mount = mounter(t);
  const { log, file, warnings, write } = await watchedLog(t);
  mount(file, '--bind', '/dev/null');
  for (let line = 0; line < 3; line++) {
    log.logger.info('here');
    await wait(20);
  }
  assert.match(log.trouble() as string, /cannot be moved aside/);
  await assert.rejects(log.reopen(), { code: 'LOG_OCCUPIED' });
  assert.deepEqual(warnings, ['LOG_OCCUPIED']);
  execFileSync('umount', [file]);
  await write('there');
  assert.equal(log.trouble(), undefined);
  // The file that was open received the lines meanwhile.
  assert.equal(readFileSync(file, 'utf8').match(/"here"/g)?.length, 3);
  assert.deepEqual(warnings, ['LOG_OCCUPIED']);
});
