/** A real daemon as a subject, from its start to its end. Each event of the daemon machine is an action of an
 * operator, the disk or a client, each state is read from the admin socket, and the end is its exit code and its log. */
import { renameSync } from 'node:fs';
import { until } from '../../support/until.ts';
import type { Path } from '../driver/paths.ts';
import { type Subject, TooSlow } from '../driver/walk.ts';
import { expectedOf, leftAlone } from '../oracles/daemon.ts';
import { Holds } from './daemon-holds.ts';
import { configOf, putInPlace } from './daemon-places.ts';
import { daemonScenarioOf } from './daemon-scenario.ts';
import { fileOf, inLogs, toldSystemd } from './daemon-sight.ts';
import type { Daemons } from './daemons.ts';
import { FrozenDaemon } from './frozen-daemon.ts';
import { comesTo, lookInside } from './inside.ts';
import { isLeft, LeftBehind, NOTHING_LEFT } from './left-behind.ts';

export { expectedInTheEnd } from './daemon-sight.ts';

const LISTENING = 'serving.open.listening';

/** The state of each stage that can be held and observed. */
const STATES: Readonly<Record<string, string>> = {
  recovering: 'serving.recovering',
  answering: 'serving.draining.answering',
  finishing: 'serving.draining.finishing',
  flushing: 'serving.draining.flushing',
};

export async function realDaemon(path: Path, daemons: Daemons): Promise<Subject> {
  const scenario = daemonScenarioOf(path);
  const at = daemons.folder();
  const servers = await putInPlace(scenario, at, daemons);
  const left = isLeft(path) ? await LeftBehind.by(daemons, at) : undefined;
  const holds = new Holds(scenario, at);
  if (scenario.held.includes('recovering')) holds.lock();
  const config = configOf(scenario, at, servers);
  const systemd = daemons.systemd(at);
  const options = { config, hurry: scenario.hurry, systemd };
  const canLook = !('admin_socket_path' in config);
  const daemon = canLook ? await daemons.begin(at, options) : await daemons.launch(at, options);
  const frozen = new FrozenDaemon(scenario, daemon);
  let hangups = 0;
  const isOver = expectedOf(path.start, leftAlone(path.start, path.events)).stage === 'over';

  let signals = 0;
  const signal = async () => {
    // The kernel keeps only one pending signal of each kind for a frozen daemon.
    if (frozen.isWanted) return frozen.signal(signals++ === 0 ? 'SIGTERM' : 'SIGINT');
    await holds.take(daemon);
    if (holds.haveWorn()) throw new TooSlow('what was to be written has been given up');
    if (!canLook) return daemon.signal('SIGTERM');
    const before = (await lookInside(daemon))?.daemon;
    daemon.signal('SIGTERM');
    // Otherwise, what is released next may arrive first.
    await comesTo(
      daemon,
      (inside) => inside?.daemon !== before,
      () => new Error(`expected the signal to end ${before}`),
    );
  };
  /** Waits until the daemon has sent its pending messages. A limit that runs faster leaves no time for that. */
  const told = async () => {
    if (scenario.hurry === 1 || (await lookInside(daemon))?.daemon === LISTENING) await systemd.beats(daemon);
  };
  const hangup = async () => {
    renameSync(at.log, `${at.log}.${hangups}`);
    daemon.signal('SIGHUP');
    await until('the new log', () => fileOf(at.log) !== undefined);
    hangups++;
    await told();
  };
  /** Nothing is released before the stage is over. */
  const passed = (stage: string) => () =>
    comesTo(
      daemon,
      (inside) => inside?.daemon !== STATES[stage],
      (inside) => new Error(`expected another state than ${inside?.daemon}`),
    );
  const beInTime = () => {
    if (holds.haveDried()) throw new TooSlow('clients that were to go on sending were held up');
  };
  const lasting = [LISTENING, ...scenario.held.map((stage) => STATES[stage])];
  const isIn = (state: string) => async () => {
    await comesTo(
      daemon,
      (inside) => inside?.daemon === state,
      (inside) => {
        beInTime();
        return new Error(`expected the state ${state}, got ${inside?.daemon ?? 'no daemon'}`);
      },
    );
    await told();
  };
  return {
    events: {
      'a signal': signal,
      'a hangup': hangup,
      'all clients are answered': () => holds.stopDripping(),
      'all children have ended': () => holds.releaseChild(),
      flushed: () => holds.unlock(),
      'RECOVERY_LIMIT passes': passed('recovering'),
      'CLOSING_LIMIT passes': () => frozen.passClosing(),
      'CONNECTIONS_LIMIT passes': passed('answering'),
      'CHILDREN_LIMIT passes': passed('finishing'),
      'FLUSH_LIMIT passes': passed('flushing'),
      ...Object.fromEntries(BY_ITSELF.map((event) => [event, () => {}])),
      'all is recovered': () => left?.carriedOut(daemon),
    },
    states: Object.fromEntries(
      !canLook
        ? []
        : path.states.filter((state) => lasting.includes(state)).map((state) => [state, isIn(state)]),
    ),
    rest: async () => {
      beInTime();
      holds.release();
      frozen.thaw();
      if (!isOver && canLook) await isIn(LISTENING)();
      if (!isOver) await left?.carriedOut(daemon);
      // The log is written a little later.
      if (!isOver) await until('a word that it listens', () => inLogs(at, hangups).did.includes('announce'));
      // Without an admin socket it is not visible that the daemon has got so far.
      if (!isOver && !canLook) await systemd.beats(daemon);
      return {
        exit: isOver ? `exit code ${(await daemon.exited).code}` : 'no end',
        told: toldSystemd(systemd.heard()),
        ...inLogs(at, hangups),
        hangups: `hangups: ${hangups}`,
        left: left?.look(daemon) ?? NOTHING_LEFT,
      };
    },
    end: async () => {
      holds.release();
      systemd.stop();
      await daemon.kill().catch(() => daemon.exited);
      for (const server of servers) server.close();
    },
  };
}

const BY_ITSELF = [
  'the socket is free',
  'another daemon answers',
  'the store opens',
  'the store is broken',
  'all that is left is read',
  'bound',
  'cannot bind',
  'the backlog is empty',
  'operators cannot look',
];
