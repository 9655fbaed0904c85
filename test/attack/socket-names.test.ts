/** The names of the daemon's sockets, in a directory that the group can write to, while no daemon runs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { listenAt, probeSocket } from '../../src/io/socket/listen.ts';
import { lookJson } from '../support/admin.ts';
import type { Layout } from '../support/daemon.ts';
import { MEMBER, noMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { verb } from '../support/verb.ts';
import { actAsMember, guard, launcher, plantCanaries, prepareShared, spawnMember } from './member.ts';

const skip = noMember();

const socketsOf = ({ socket }: Layout) => [socket, join(dirname(socket), 'cmd-admin.sock')] as const;

/** Starts a process of a member that listens at both names, and returns what it has received so far. */
async function startImpostor(t: TestContext, at: Layout): Promise<() => string> {
  const child = spawnMember(t, at.folder, 'impostor.ts', ...socketsOf(at));
  let got = '';
  child.stdout?.on('data', (piece: Buffer) => {
    got += piece;
  });
  await until('the impostor', () => got.includes('listening'));
  return () => got.replace('listening\n', '');
}

/** The entries that the daemon has moved aside. */
const asides = (at: Layout) => readdirSync(dirname(at.socket)).filter((name) => name.includes('.occupied-'));

const PLANTED: Record<string, (path: string, canary: string) => void> = {
  'a file of its own': (path) => writeFileSync(path, 'mine\n'),
  'a symlink to a file of root': (path, canary) => symlinkSync(canary, path),
  'a pipe': (path) => void execFileSync('mkfifo', [path]),
  'a directory with something in it': (path) => void mkdirSync(join(path, 'inner'), { recursive: true }),
};

for (const [what, plant] of Object.entries(PLANTED)) {
  test(`listenAt takes its name where a member has put ${what}`, {
    skip,
  }, async (t) => {
    const launch = launcher(t);
    const at = prepareShared(t);
    const { directory, file } = plantCanaries(at.folder);
    const isUntouched = guard(directory);
    for (const path of socketsOf(at)) actAsMember(() => plant(path, file));
    const { wrong } = foundBy(at);
    const expected = 'problem: another user has put something in its place';
    assert.deepEqual([wrong.socket, wrong['admin socket']], [expected, expected]);
    const daemon = await launch(at);
    assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
    assert.equal((await lookJson(daemon, '/healthz')).status, 200);
    assert.equal(asides(at).length, 2);
    for (const name of asides(at)) assert.equal(lstatSync(join(dirname(at.socket), name)).uid, MEMBER.uid);
    const warnings = daemon.logLines().filter(({ code }) => code === 'SOCKET_SET_ASIDE');
    assert.equal(warnings.length, 2);
    assert.equal((await daemon.stop()).code, 0);
    for (const path of socketsOf(at))
      assert.ok(!readdirSync(dirname(path)).includes(path.slice(dirname(path).length + 1)));
    isUntouched();
  });
}

function foundBy(at: Layout) {
  const { json } = verb(at, 'check', '--json');
  const { findings } = json() as { findings: { level: string; subject: string; found: string }[] };
  return {
    wrong: Object.fromEntries(findings.map(({ level, subject, found }) => [subject, `${level}: ${found}`])),
  };
}

test('listenAt takes its name back from a process of a member that listens there', { skip }, async (t) => {
  const launch = launcher(t);
  const at = prepareShared(t);
  const got = await startImpostor(t, at);
  const daemon = await launch(at);
  assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
  assert.equal((await lookJson(daemon, '/healthz')).status, 200);
  for (const path of socketsOf(at)) assert.equal(lstatSync(path).uid, 0);
  assert.equal(got(), '');
  // A second daemon finds the first one.
  await assert.rejects(probeSocket(at.socket), { code: 'SOCKET_IN_USE' });
});

test('inspect, call and its dry run send nothing to a process of a member that listens in place of the daemon', {
  skip,
}, async (t) => {
  const at = prepareShared(t);
  const got = await startImpostor(t, at);
  const why = new RegExp(`the process that listens there belongs to uid ${MEMBER.uid}, not to root`);
  for (const words of [
    ['inspect'],
    ['inspect', '--json'],
    ['call', 'delete_directory', `path=${at.backups}/b1`],
    ['call', 'delete_directory', `path=${at.backups}/b1`, '--dry-run'],
  ] as const) {
    const { status, stdout, stderr } = verb(at, words[0], ...words.slice(1));
    assert.deepEqual([words, status !== 0, stdout], [words, true, '']);
    assert.match(stderr, why);
  }
  assert.equal(got(), '');
});

const ROUNDS = 200;
const ACCESS = { mode: 0o600, owner: null, group: null };

test('listenAt gets its name although a member takes the name as fast as possible', { skip }, async (t) => {
  const at = prepareShared(t);
  const { directory, file } = plantCanaries(at.folder);
  const isUntouched = guard(directory);
  const stop = join(at.folder, 'stop');
  const names = socketsOf(at);
  const child = spawnMember(t, at.folder, 'squatter.ts', stop, file, ...names);
  const had = text(child.stdout as Readable);
  await until('the first squat', () => readdirSync(dirname(at.socket)).some((name) => name.endsWith('.own')));
  for (let round = 0; round < ROUNDS; round++) {
    const listening = await listenAt(names[0], ACCESS, (socket) => socket.destroy());
    const found = lstatSync(names[0]);
    assert.deepEqual([found.isSocket(), found.uid, found.mode & 0o777], [true, 0, 0o600]);
    await assert.rejects(probeSocket(names[0]), { code: 'SOCKET_IN_USE' });
    listening.close();
    if (round % 50 === 0) await until('a squat', () => lstatSync(names[0], { throwIfNoEntry: false }));
  }
  writeFileSync(stop, '');
  t.diagnostic(`had a name ${Number(await had)} times`);
  isUntouched();
});
