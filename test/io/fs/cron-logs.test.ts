import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cronLogsObjection, prepareCronLogs } from '../../../src/io/fs/cron-logs.ts';
import { stickyObjection } from '../../../src/io/fs/trusted-path.ts';
import { testFolder } from '../../support/folder.ts';
import { replaceCall } from '../../support/replace-call.ts';

const isRoot = process.getuid?.() === 0;
const GROUP = 12345;
const NAMES = ['cleanup.log', 'cron-1.log'];

const descriptors = () => readdirSync('/proc/self/fd').length;
const modeOf = (path: string) => statSync(path).mode & 0o7777;

/** A directory as the package makes it. */
function shared(t: TestContext, mode = 0o3770) {
  const folder = testFolder(t);
  const directory = join(folder, 'log');
  mkdirSync(directory);
  if (isRoot) chownSync(directory, 0, GROUP);
  chmodSync(directory, mode);
  const logs = { directory, names: NAMES };
  const [cleanup, cron1] = NAMES.map((name) => join(directory, name)) as [string, string];
  const canary = join(folder, 'canary');
  writeFileSync(canary, 'as it was\n', { mode: 0o600 });
  return { folder, directory, logs, cleanup, cron1, canary };
}

type Refused = ReturnType<typeof shared>['logs'];

/** Asserts that both functions refuse for the same reason, create nothing and keep nothing open. */
async function isRefused(logs: Refused, code: string, message: RegExp): Promise<void> {
  const [before, open] = [existsSync(logs.directory) && readdirSync(logs.directory), descriptors()];
  assert.match((await cronLogsObjection(logs))?.message as string, message);
  await assert.rejects(prepareCronLogs(logs), { code, message });
  assert.deepEqual(
    [existsSync(logs.directory) && readdirSync(logs.directory), descriptors()],
    [before, open],
  );
}

test('prepareCronLogs creates the files that are missing, of the group of their directory, and leaves the others', async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const { logs, cleanup, cron1, directory } = shared(t);
  writeFileSync(cleanup, 'earlier\n');
  chmodSync(cleanup, 0o664);
  const open = descriptors();
  assert.equal(await cronLogsObjection(logs), undefined);
  assert.ok(!existsSync(cron1), 'looking creates nothing');
  await prepareCronLogs(logs);
  assert.deepEqual([modeOf(cron1), modeOf(cleanup)], [0o640, 0o664]);
  assert.deepEqual([statSync(cron1).uid, statSync(cron1).gid], [process.getuid?.(), statSync(directory).gid]);
  assert.equal(readFileSync(cleanup, 'utf8'), 'earlier\n');
  await prepareCronLogs(logs);
  assert.deepEqual(readdirSync(directory).sort(), NAMES);
  assert.equal(descriptors(), open);
});

test('prepareCronLogs gives a file to the group of a directory that is not setgid, where it may', {
  skip: !isRoot && 'gives files away',
}, async (t) => {
  const { logs, cleanup, cron1 } = shared(t, 0o750);
  await prepareCronLogs({ ...logs, names: ['cleanup.log'] });
  assert.equal(statSync(cleanup).gid, GROUP);
  let code = 'EPERM';
  replaceCall(t, 'fchownSync', () => () => {
    throw Object.assign(new Error(`${code}: of the test`), { code });
  });
  await prepareCronLogs(logs);
  assert.deepEqual([statSync(cron1).gid, modeOf(cron1)], [process.getgid?.(), 0o640]);
  unlinkSync(cron1);
  code = 'EIO';
  await assert.rejects(prepareCronLogs(logs), { code: 'CRON_LOGS_UNWRITABLE', message: /EIO/ });
});

test('prepareCronLogs creates the directory as the package does, and none above it', async (t) => {
  const folder = testFolder(t);
  const directory = join(folder, 'log');
  assert.equal(await cronLogsObjection({ directory, names: NAMES }), undefined);
  await prepareCronLogs({ directory, names: NAMES });
  assert.deepEqual([modeOf(directory), readdirSync(directory).sort()], [0o3770, NAMES]);
  const deeper = { directory: join(folder, 'none', 'log'), names: NAMES };
  await assert.rejects(prepareCronLogs(deeper), {
    code: 'CRON_LOGS_UNWRITABLE',
    message: /\/none does not exist$/,
  });
  writeFileSync(join(folder, 'file'), 'mine');
  await assert.rejects(prepareCronLogs({ directory: join(folder, 'file'), names: NAMES }), {
    code: 'CRON_LOGS_UNWRITABLE',
    message: /EEXIST/,
  });
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'mine');
});

test('prepareCronLogs leaves no directory behind that it could not make safe', async (t) => {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'open'));
  chmodSync(join(folder, 'open'), 0o777);
  const logs = { directory: join(folder, 'open', 'log'), names: NAMES };
  await assert.rejects(prepareCronLogs(logs), { code: 'CRON_LOGS_UNSAFE', message: /open has mode 0777/ });
  chmodSync(join(folder, 'open'), 0o755);
  replaceCall(t, 'chmodSync', () => () => {
    throw new Error('EPERM: of the test');
  });
  const open = descriptors();
  await assert.rejects(prepareCronLogs(logs), { code: 'CRON_LOGS_UNWRITABLE', message: /EPERM/ });
  assert.deepEqual([readdirSync(join(folder, 'open')), descriptors()], [[], open]);
});

for (const mode of [0o2770, 0o770, 0o757, 0o777]) {
  test(`prepareCronLogs refuses a directory of mode ${mode.toString(8)}: any file there can be replaced`, async (t) => {
    const { logs, directory } = shared(t, mode);
    await isRefused(logs, 'CRON_LOGS_UNSAFE', new RegExp(`${directory} has mode`));
    chmodSync(directory, mode | 0o1000);
    await prepareCronLogs(logs);
  });
}

test('prepareCronLogs refuses a directory that can itself be replaced', async (t) => {
  const { folder, logs } = shared(t);
  chmodSync(folder, 0o770);
  await isRefused(logs, 'CRON_LOGS_UNSAFE', new RegExp(`${folder} has mode 0770`));
  const link = { ...logs, directory: join(folder, 'link') };
  symlinkSync(logs.directory, link.directory);
  await isRefused(link, 'CRON_LOGS_UNSAFE', /link is a symlink that others can put there/);
  chmodSync(folder, 0o700);
  await prepareCronLogs(link);
});

test("prepareCronLogs refuses another user's directory", {
  skip: !isRoot && 'gives files away',
}, async (t) => {
  const { logs, directory } = shared(t);
  chownSync(directory, 12345, GROUP);
  await isRefused(logs, 'CRON_LOGS_UNSAFE', /log belongs to uid 12345/);
});

test('stickyObjection lets the directory of the system logs be writable for its group', (t) => {
  const { folder, directory } = shared(t);
  chmodSync(folder, 0o775);
  assert.equal(stickyObjection(directory, folder), undefined);
  chmodSync(folder, 0o777);
  assert.match(stickyObjection(directory, folder) as string, /has mode 0777/);
  chmodSync(folder, 0o775);
  assert.match(stickyObjection(folder, folder) as string, /has mode 0775/, 'not where it is itself the one');
});

const OCCUPANTS: Record<string, [put: (path: string, canary: string) => void, why: RegExp]> = {
  'a symlink': [(path, canary) => symlinkSync(canary, path), /cron-1\.log is a symlink$/],
  'a dangling symlink': [(path, canary) => symlinkSync(`${canary}-none`, path), /is a symlink$/],
  'a second name of a file': [(path, canary) => linkSync(canary, path), /has 2 hard links$/],
  'a FIFO': [(path) => void execFileSync('mkfifo', [path]), /is not a regular file$/],
  'a directory': [(path) => void mkdirSync(path), /is not a regular file$/],
  'a file that all can write to': [
    (path) => {
      writeFileSync(path, '');
      chmodSync(path, 0o666);
    },
    /is writable for all users$/,
  ],
};

for (const [what, [put, why]] of Object.entries(OCCUPANTS)) {
  test(`prepareCronLogs refuses ${what} in the place of a log, and names it`, async (t) => {
    const { logs, cron1, canary, folder } = shared(t);
    put(cron1, canary);
    await isRefused(logs, 'CRON_LOG_OCCUPIED', why);
    assert.equal(readFileSync(canary, 'utf8'), 'as it was\n');
    assert.ok(!existsSync(join(folder, 'canary-none')));
  });
}

test("prepareCronLogs refuses another user's file in the place of a log", {
  skip: !isRoot && 'gives files away',
}, async (t) => {
  const { logs, cron1 } = shared(t);
  writeFileSync(cron1, '');
  chownSync(cron1, 12345, GROUP);
  await isRefused(logs, 'CRON_LOG_OCCUPIED', /cron-1\.log belongs to uid 12345$/);
});

test('prepareCronLogs refuses an entry that appears just before it creates the log', async (t) => {
  const { logs, cron1, canary } = shared(t);
  replaceCall(t, 'openSync', (original) => (path, flags, mode) => {
    if (String(path).endsWith('/cron-1.log')) symlinkSync(canary, cron1);
    return original(path, flags, mode);
  });
  await assert.rejects(prepareCronLogs(logs), {
    code: 'CRON_LOG_OCCUPIED',
    message: /cron-1\.log was just created by another user$/,
  });
  assert.equal(readFileSync(canary, 'utf8'), 'as it was\n');
});

test('prepareCronLogs lets the event loop turn while it creates thousands of files', async (t) => {
  const { logs, directory } = shared(t);
  const names = Array.from({ length: 1_000 }, (_, index) => `cron-${index}.log`);
  let turns = 0;
  let isDone = false;
  (function turn() {
    turns++;
    if (!isDone) setImmediate(turn);
  })();
  await prepareCronLogs({ ...logs, names });
  isDone = true;
  assert.ok(turns > 20, `${turns} turns`);
  assert.equal(readdirSync(directory).length, 1_000);
});
