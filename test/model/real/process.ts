/** A real daemon with one command as a subject. The events of the process machine are arranged in advance or caused
 * in turn, each state is read from the admin socket, and the end is observed in the client, the log, the row and the
 * disk. */
import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { ask } from '../../support/client.ts';
import type { Layout, TestDaemon } from '../../support/daemon.ts';
import { type HeldDeletion, holdDeletion } from '../../support/held-deletion.ts';
import type { Path } from '../driver/paths.ts';
import type { Subject } from '../driver/walk.ts';
import type { Daemons, LaunchOptions } from './daemons.ts';
import { comesTo } from './inside.ts';
import { configOf, idOnRecord, rewrite } from './process-left.ts';
import { HELD, orderOf } from './process-orders.ts';
import { type Scenario, scenarioOf } from './process-scenario.ts';
import { see } from './process-sight.ts';
import { type Crowd, holdCrowd } from './shadow-crowd.ts';

/** `shadow`: the daemon carries nothing out. */
export async function realProcess(path: Path, daemons: Daemons, shadow = false): Promise<Subject> {
  const scenario = scenarioOf(path);
  const { held: isHeld, occupied, killedAt } = scenario;
  const at = daemons.folder();
  const config = { shadow, ...(occupied ? { max_running: 1 } : {}) };
  const order = orderOf(scenario, at);
  let daemon: TestDaemon | undefined;
  let held: HeldDeletion | undefined;
  let crowd: Crowd | undefined;
  let client = 'silence';
  let id: string | undefined;
  let logged = 0;

  const occupy = async (first: TestDaemon) => {
    if ((!occupied && !isHeld) || shadow) return;
    held = await holdDeletion(first, isHeld ? HELD : 'other');
    if (isHeld) id = held.commandId;
    client = isHeld ? 'a 202' : client;
  };
  const request = async (asked: TestDaemon) => {
    if (isHeld) return;
    if (occupied && shadow) {
      crowd = await holdCrowd(asked, order.request);
      ({ client, id } = crowd);
      return;
    }
    const reply = await ask(asked.at.socket, order.request);
    client = `a ${reply.code}`;
    id = reply.id;
  };
  /** Starts a daemon that records the command and is killed. */
  const leave = async () => {
    const fault = killedAt === 'held' || occupied ? undefined : killedAt;
    const first = await daemons.launch(at, { config, fault });
    await occupy(first);
    await request(first).catch(() => {});
    if (fault === undefined) await first.kill();
    await first.exited;
    client = 'silence';
    id ??= idOnRecord(at);
    rewrite(path.start, at, id);
  };
  const begin = async () => {
    const options: LaunchOptions = {
      config: { ...config, ...configOf(path.start, at) },
      fault: scenario.fault,
    };
    if (killedAt !== undefined) {
      await leave();
      // A killed daemon loses the end of its log, so its part of the log does not count.
      logged = existsSync(at.log) ? statSync(at.log).size : 0;
      daemon = await daemons.launch(at, options);
      return;
    }
    daemon = await daemons.launch(at, options);
    await occupy(daemon);
    const other = scenario.locked ? locked(at) : undefined;
    await request(daemon);
    other?.close();
  };
  const goOn = async () => {
    crowd?.release();
    if (!held) return;
    if (killedAt === 'held' && scenario.childDies) process.kill(held.pid, 'SIGKILL');
    else held.release();
    held = undefined;
  };
  const isRight = (status: string | undefined) =>
    shadow ? !order.isInPlace() : status !== 'success' || order.isInPlace();
  const byItself = () => {};
  const first = (then: () => unknown) => () => (daemon ? undefined : then());
  return {
    events: {
      written: first(begin),
      'cannot be written': first(begin),
      'the daemon drains': () => daemon?.signal('SIGTERM'),
      'exit 0': goOn,
      'no child lives': goOn,
      ...Object.fromEntries(BY_ITSELF.map((event) => [event, byItself])),
    },
    states: statesOf(path, scenario, () => daemon as TestDaemon),
    rest: async () => {
      const living = daemon as TestDaemon;
      if (occupied) await abandoned(living);
      await goOn();
      await comesTo(
        living,
        (inside) => !inside?.processes.length,
        (inside) => new Error(`expected an end, got ${inside?.processes[0]}`),
      );
      // The log is complete once the daemon has stopped.
      if (!path.events.includes('the daemon drains')) living.signal('SIGTERM');
      await living.exited;
      return see(living, logged, id, client, isRight);
    },
    end: async () => {
      held?.release();
      crowd?.release();
      await daemon?.kill().catch(() => daemon?.exited);
      order.undo();
    },
  };
}

const BY_ITSELF = [
  'its turn',
  'ready',
  'ready, with more to come',
  'nothing to do',
  'nothing to do, with more to come',
  'cannot be prepared',
  'the pid',
  'exit 1',
  'cannot be started',
  'made to last',
  'cannot be made to last',
  'a child lives',
  'in place',
  'not in place',
  'cannot be inspected',
];

/** The states that last until the subject continues. */
function statesOf(path: Path, { held, occupied }: Scenario, daemon: () => TestDaemon): Subject['states'] {
  const lasting = [
    ...(held ? ['running.executing', 'running.adopting'] : []),
    ...(occupied ? ['pending.waiting'] : []),
  ];
  const isIn = (state: string) => () =>
    comesTo(
      daemon(),
      (inside) => inside?.processes.includes(state) ?? false,
      (inside) =>
        new Error(`expected the state ${state}, got ${inside?.processes.join(', ') || 'no process'}`),
    );
  return Object.fromEntries(
    path.states.filter((state) => lasting.includes(state)).map((state) => [state, isIn(state)]),
  );
}

/** Waits until no process waits for a place. A process released earlier could give it one. */
const abandoned = (daemon: TestDaemon) =>
  comesTo(
    daemon,
    (inside) => !inside?.processes.includes('pending.waiting'),
    () => new Error('expected nobody to wait, got one who does'),
  );

function locked({ database }: Layout) {
  const other = new Database(database);
  other.exec('BEGIN IMMEDIATE');
  return other;
}
