import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Layout, type Row, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import {
  FIRST_UID,
  letOthersIn,
  NEEDS_ROOT,
  type RunningSwarm,
  SECOND_UID,
  startSwarm,
} from '../support/other-user.ts';
import type { Swarm } from '../support/swarm-main.ts';
import { deepCleanup, largeCleanup, manyObjects } from './large-requests.ts';

const PATIENT = join(import.meta.dirname, '..', 'support', 'patient-main.ts');

const deletionOf = ({ backups }: Layout, name: string) =>
  JSON.stringify({ cmd: 'delete_directory', args: { path: join(backups, name) } });

/** Starts clients of another user, which leave when the test ends. */
function swarmOf(t: TestContext, uid: number, swarm: Swarm): RunningSwarm {
  const running = startSwarm(uid, swarm);
  t.after(running.stop);
  return running;
}

/** Sends small requests one after the other until `isOver`, and returns the time that each took until its 202. */
async function askUntil(daemon: TestDaemon, isOver: () => boolean): Promise<number[]> {
  const took: number[] = [];
  while (!isOver()) {
    const begun = performance.now();
    const { code } = await daemon.deletion(join(daemon.at.backups, `b${took.length}`));
    took.push(performance.now() - begun);
    assert.equal(code, 202);
    await wait(20);
  }
  return took;
}

/** Large requests at once. */
const LARGE = 64;

const KINDS: readonly (readonly [kind: string, request: (backups: string) => string])[] = [
  ['cleanups', largeCleanup],
  ['cleanups of as many directories', deepCleanup],
  ['refused requests', manyObjects],
];

for (const [kind, request] of KINDS) {
  test(
    `${LARGE} ${kind} of 1 MiB of one user do not delay a small request of another`,
    NEEDS_ROOT,
    async (t) => {
      const daemon = await startDaemon(t, { config: { cmd_log_level: 'info' } });
      letOthersIn(daemon.at);
      const begun = performance.now();
      const swarm = swarmOf(t, FIRST_UID, {
        socket: daemon.at.socket,
        clients: LARGE,
        request: request(daemon.at.backups),
      });
      let lastedMs = 0;
      const ended = swarm.ended.then(() => {
        lastedMs = performance.now() - begun;
      });
      await swarm.connected;
      const took = await askUntil(daemon, () => lastedMs > 0);
      await ended;
      took.sort((one, other) => one - other);
      const [median, worst] = [took[Math.floor(took.length / 2)], took.at(-1)].map((ms) =>
        Math.round(ms ?? 0),
      );
      t.diagnostic(
        `${took.length} small ones, half of them within ${median} ms, the slowest after ${worst} ms`,
      );
      t.diagnostic(`the large ones were answered after ${Math.round(lastedMs)} ms`);
      // Without fair turns, a small request waits for a good part of the large ones.
      assert.ok(took.length >= 10, `only ${took.length} small ones were answered meanwhile`);
      assert.ok((median ?? 0) < lastedMs / 20, `${median} ms of ${lastedMs}`);
    },
  );
}

test('pending commands of one user do not delay the command of another', NEEDS_ROOT, async (t) => {
  const daemon = await startDaemon(t, { config: { max_running: 1 } });
  letOthersIn(daemon.at);
  const { socket } = daemon.at;
  const held = await holdDeletion(daemon, 'held');
  const many = swarmOf(t, FIRST_UID, { socket, clients: 60, request: deletionOf(daemon.at, 'many') });
  await many.ended;
  const one = swarmOf(t, SECOND_UID, { socket, clients: 1, request: deletionOf(daemon.at, 'one') });
  assert.equal((await one.ended)[0]?.code, 202);
  held.release();
  const rows = await daemon.settled();
  const is = (name: string) => (row: Row) => row.command.endsWith(name);
  const end = rows.find(is('/one'))?.end_time as string;
  const before = rows.filter(is('/many')).filter(({ end_time }) => (end_time as string) < end);
  assert.ok(before.length <= 2, `${before.length} of 60 that were accepted before it ran before it`);
});

test(
  'the queue of pending commands keeps room for another user when one user fills it',
  NEEDS_ROOT,
  async (t) => {
    const daemon = await startDaemon(t, { config: { max_running: 1, max_pending: 16 } });
    letOthersIn(daemon.at);
    const { socket } = daemon.at;
    const held = await holdDeletion(daemon, 'held');
    const many = swarmOf(t, FIRST_UID, { socket, clients: 40, request: deletionOf(daemon.at, 'many') });
    const replies = await many.ended;
    const accepted = replies.filter(({ code }) => code === 202);
    assert.equal(accepted.length, 12, 'three quarters');
    const [refused] = replies.filter(({ code }) => code === 503);
    assert.match(refused?.message as string, /^cannot accept the command: too many commands of this user/);
    assert.equal((await daemon.deletion(join(daemon.at.backups, 'b1'))).code, 202);
    held.release();
    await daemon.settled();
  },
);

test('silent clients of two users do not hold all connections', NEEDS_ROOT, async (t) => {
  // Silent clients stay for a hundred seconds.
  const daemon = await startDaemon(t, { main: PATIENT });
  letOthersIn(daemon.at);
  const silent = { socket: daemon.at.socket, clients: 140, request: '' };
  const swarms = [FIRST_UID, SECOND_UID].map((uid) => swarmOf(t, uid, silent));
  await Promise.all(swarms.map(({ connected }) => connected));
  const reply = await Promise.race([
    daemon.deletion(join(daemon.at.backups, 'b1')),
    wait(40_000, undefined, { ref: false }),
  ]);
  assert.equal(reply?.code, 202);
});
