/** A real daemon, from its start to its end, as a subject: each event of the daemon machine as what an operator, the disk
 * or a client does, each state as what the admin socket tells, the end as its exit code and what its log says. */
import { readFileSync, renameSync } from 'node:fs';
import type { Layout } from '../../support/daemon.ts';
import { until } from '../../support/until.ts';
import type { Path } from '../driver/paths.ts';
import { type Sight, type Subject, TooSlow } from '../driver/walk.ts';
import { expectedOf, leftAlone } from '../oracles/daemon.ts';
import { Holds } from './daemon-holds.ts';
import { configOf, putInPlace } from './daemon-places.ts';
import { type DaemonScenario, daemonScenarioOf } from './daemon-scenario.ts';
import type { Daemons } from './daemons.ts';
import { FrozenDaemon } from './frozen-daemon.ts';
import { comesTo, lookInside } from './inside.ts';

/** The state of each stage that can be held, and looked at then. */
const STATES: Readonly<Record<string, string>> = {
  recovering: 'serving.recovering',
  answering: 'serving.draining.answering',
  finishing: 'serving.draining.finishing',
  flushing: 'serving.draining.flushing',
};

export async function realDaemon(path: Path, daemons: Daemons): Promise<Subject> {
  const scenario = daemonScenarioOf(path) as DaemonScenario;
  const at = daemons.folder();
  const servers = await putInPlace(scenario, at, daemons);
  const holds = new Holds(scenario, at);
  if (scenario.held.includes('recovering')) holds.lock();
  const config = configOf(scenario, at, servers);
  const options = { config, hurry: scenario.hurry };
  const canLook = !('admin_socket_path' in config);
  const daemon = canLook ? await daemons.begin(at, options) : await daemons.launch(at, options);
  const frozen = new FrozenDaemon(scenario, daemon);
  let hangups = 0;
  const isOver = expectedOf(path.start, leftAlone(path.start, path.events)).stage === 'over';

  let signals = 0;
  const signal = async () => {
    // Of a kind only one waits for a daemon that is frozen.
    if (frozen.isWanted) return frozen.signal(signals++ === 0 ? 'SIGTERM' : 'SIGINT');
    await holds.take(daemon);
    if (holds.haveWorn()) throw new TooSlow('what was to be written has been given up');
    if (!canLook) return daemon.signal('SIGTERM');
    const before = (await lookInside(daemon))?.daemon;
    daemon.signal('SIGTERM');
    // Else what is let go next may be there before it.
    await comesTo(
      daemon,
      (inside) => inside?.daemon !== before,
      () => new Error(`expected the signal to end ${before}`),
    );
  };
  const hangup = async () => {
    renameSync(at.log, `${at.log}.${hangups}`);
    daemon.signal('SIGHUP');
    await until('the new log', () => fileOf(at.log) !== undefined);
    hangups++;
  };
  /** Until it is over nothing is let go. */
  const passed = (stage: string) => () =>
    comesTo(
      daemon,
      (inside) => inside?.daemon !== STATES[stage],
      (inside) => new Error(`expected another state than ${inside?.daemon}`),
    );
  const lasting = ['serving.open.listening', ...scenario.held.map((stage) => STATES[stage])];
  const isIn = (state: string) => () =>
    comesTo(
      daemon,
      (inside) => inside?.daemon === state,
      (inside) => new Error(`expected the state ${state}, got ${inside?.daemon ?? 'no daemon'}`),
    );
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
    },
    states: Object.fromEntries(
      !canLook
        ? []
        : path.states.filter((state) => lasting.includes(state)).map((state) => [state, isIn(state)]),
    ),
    rest: async () => {
      holds.release();
      frozen.thaw();
      if (!isOver && canLook) await isIn('serving.open.listening')();
      // The log is written a little later.
      if (!isOver) await until('a word that it listens', () => toldIn(at, hangups).includes('announce'));
      const exit = isOver ? `exit code ${(await daemon.exited).code}` : 'no end';
      return { exit, told: toldIn(at, hangups), hangups: `hangups: ${hangups}` };
    },
    end: async () => {
      holds.release();
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
  'all is recovered',
  'bound',
  'cannot bind',
  'the backlog is empty',
  'operators cannot look',
];

function fileOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const TOLD: readonly (readonly [pattern: RegExp, word: string])[] = [
  [/"msg":"listening"/, 'announce'],
  [/"code":"ADMIN_UNUSABLE"/, 'operators cannot look'],
  [/stopped waiting for clients/, 'late: clients'],
  [/stopped waiting for children/, 'late: children'],
];

/** In all logs, in order. */
function toldIn({ log }: Layout, hangups: number): string {
  const files = [...Array.from({ length: hangups }, (_, index) => `${log}.${index}`), log];
  const lines = files.flatMap((file) => fileOf(file)?.split('\n') ?? []);
  const told = lines.flatMap((line) => TOLD.find(([pattern]) => pattern.test(line))?.[1] ?? []);
  return told.join(', ') || 'nothing told';
}

/** What is expected once nobody interferes any more. */
export function expectedInTheEnd({ start, events }: Path): Sight {
  const { exit, did } = expectedOf(start, leftAlone(start, events));
  return {
    // The other daemon that takes the place in between is a place that cannot be had, here.
    exit: exit === undefined ? 'no end' : `exit code ${events.includes('cannot bind') ? 73 : exit}`,
    told: did.flatMap((what) => WORDS[what] ?? []).join(', ') || 'nothing told',
    hangups: `hangups: ${did.filter((what) => what === 'reopen').length}`,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  announce: 'announce',
  'admin: EACCES': 'operators cannot look',
  'late: clients': 'late: clients',
  'late: children': 'late: children',
};
