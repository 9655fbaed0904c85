/** A real daemon, from its start to its end, as a subject: each event of the daemon machine as what an operator, the disk
 * or a client does, each state as what the admin socket tells, the end as its exit code and what its log says. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Layout, TestDaemon } from '../../support/daemon.ts';
import { type HeldDeletion, holdDeletion } from '../../support/held-deletion.ts';
import { until } from '../../support/until.ts';
import type { Path } from '../driver/paths.ts';
import { type Sight, type Subject, TooSlow } from '../driver/walk.ts';
import { expectedOf, leftAlone } from '../oracles/daemon.ts';
import { type DaemonScenario, daemonScenarioOf } from './daemon-scenario.ts';
import type { Daemons } from './daemons.ts';
import { comesTo, lookInside } from './inside.ts';

/** The state of each stage that can be held. */
const STATES: Readonly<Record<string, string>> = {
  recovering: 'serving.recovering',
  answering: 'serving.draining.answering',
  finishing: 'serving.draining.finishing',
  flushing: 'serving.draining.flushing',
};

export async function realDaemon(path: Path, daemons: Daemons): Promise<Subject> {
  const scenario = daemonScenarioOf(path) as DaemonScenario;
  const at = daemons.folder();
  const server = await putInPlace(scenario, at, daemons);
  const holds = new Holds(scenario, at);
  if (scenario.held.includes('recovering')) holds.lock();
  const config = configOf(scenario, at);
  const options = { config, hurry: scenario.hurry };
  const canLook = scenario.config !== 'no place for the admin socket';
  const daemon = canLook ? await daemons.begin(at, options) : await daemons.launch(at, options);
  let hangups = 0;
  const isOver = expectedOf(path.start, leftAlone(path.start, path.events)).stage === 'over';

  const signal = async () => {
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
  const lasting = ['serving.open.listening', ...scenario.held.map((stage) => STATES[stage] as string)];
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
      if (!isOver && canLook) await isIn('serving.open.listening')();
      // The log is written a little later.
      if (!isOver) await until('a word that it listens', () => toldIn(at, hangups).includes('announce'));
      const exit = isOver ? `exit code ${(await daemon.exited).code}` : 'no end';
      return { exit, told: toldIn(at, hangups), hangups: `hangups: ${hangups}` };
    },
    end: async () => {
      holds.release();
      await daemon.kill().catch(() => daemon.exited);
      server?.close();
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

async function putInPlace(
  { before, held }: DaemonScenario,
  at: Layout,
  daemons: Daemons,
): Promise<Server | undefined> {
  // There must be a database to be locked.
  if (held.includes('recovering')) {
    await (await daemons.launch(at)).stop();
    rmSync(at.log);
  }
  if (before === 'a broken database') {
    mkdirSync(join(at.folder, 'lib'));
    writeFileSync(at.database, 'no database'.repeat(100));
  }
  if (before !== 'a socket that answers') return undefined;
  mkdirSync(join(at.folder, 'run'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at.socket, resolve));
  return server;
}

function configOf({ config, held, hurry }: DaemonScenario, { folder }: Layout): Record<string, unknown> {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  if (config === 'no place for the socket') {
    // No socket has so long a name.
    return { socket_path: join(folder, 'x'.repeat(120)) };
  }
  if (config === 'no place for the admin socket') return { admin_socket_path: file };
  // One client after the other takes longer than the daemon waits for all of them.
  return held.includes('answering') && hurry > 1 ? { max_connections: 1 } : {};
}

/** Milliseconds; less than the 4 s that the daemon lets them. */
const WRITES_WAIT = 3_000;

/** What keeps the daemon in a stage, until it is let go. */
class Holds {
  readonly #scenario: DaemonScenario;
  readonly #at: Layout;
  #other: Database.Database | undefined;
  #child: HeldDeletion | undefined;
  #stopDripping = () => {};
  #writing = Number.POSITIVE_INFINITY;

  constructor(scenario: DaemonScenario, at: Layout) {
    this.#scenario = scenario;
    this.#at = at;
  }

  lock(): void {
    this.#other = new Database(this.#at.database);
    this.#other.exec('BEGIN IMMEDIATE');
  }

  async take(daemon: TestDaemon): Promise<void> {
    const { held } = this.#scenario;
    if (held.includes('answering')) await this.#drip(daemon);
    if (held.includes('finishing')) this.#child ??= await holdDeletion(daemon, 'held');
    if (!held.includes('flushing') || this.#other) return;
    this.lock();
    this.#writing = Date.now();
    // What is told of it is written, and waits for the lock.
    await daemon.ask({ cmd: 'unknown' });
  }

  /** A write that nobody needs is given up after a while. */
  haveWorn(): boolean {
    return Date.now() - this.#writing > WRITES_WAIT;
  }

  release(): void {
    this.stopDripping();
    this.releaseChild();
    this.unlock();
  }

  stopDripping(): void {
    this.#stopDripping();
  }

  releaseChild(): void {
    this.#child?.release();
    this.#child = undefined;
  }

  unlock(): void {
    this.#other?.close();
    this.#other = undefined;
  }

  /** Two clients that go on sending and never come to an end. */
  async #drip(daemon: TestDaemon): Promise<void> {
    const clients = [connect(daemon.at.socket), connect(daemon.at.socket)];
    for (const client of clients) client.on('error', () => {}).write('{');
    const timer = setInterval(() => clients.map((client) => client.writable && client.write('[')), 50);
    this.#stopDripping = () => {
      clearInterval(timer);
      for (const client of clients) client.destroy();
    };
    await comesTo(
      daemon,
      (inside) => inside?.connections.includes('reading.receiving') ?? false,
      () => new Error('expected a client that sends'),
    );
  }
}

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
