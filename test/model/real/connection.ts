/** A real daemon with one client as a subject. Each event of the connection machine is an action of a client, the
 * kernel or an operator, each state is read from the admin socket, and the end is the reply of the client and the
 * rows. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { hear } from '../../support/client.ts';
import type { TestDaemon } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import { type Subject, TooSlow } from '../driver/walk.ts';
import { LIMITS } from '../oracles/limits.ts';
import type { ConnectionDaemons } from './connection-daemons.ts';
import { isHung, stageBefore } from './connection-paths.ts';
import { see } from './connection-sight.ts';
import { comesTo } from './inside.ts';
import { BRISK, DRIP } from './pace.ts';

/** States that last long enough to be observed. */
const LASTING = ['reading.silent', 'reading.receiving', 'reading.hurried'];
/** States that silence ends soon. A connection that is not observed in one of them may have been there. */
const PASSING = ['reading.receiving', 'reading.hurried'];
/** Milliseconds to observe one of them. */
const PASSING_PATIENCE = 1_000;
const TOO_MUCH = Buffer.alloc(1_048_577, ' ');
/** Bytes of it at a time. */
const PART = 65_536;

export async function realConnection(path: Path, daemons: ConnectionDaemons): Promise<Subject> {
  const daemon = await daemons.take(path);
  const { at } = daemon;
  const before = daemon.rows().length;
  const isLocked = needsLock(path);
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: targetOf(path, daemon) } });
  let other: Database.Database | undefined;
  let lastSign = Date.now();
  let begun = false;
  let hurried = false;
  // From then on silence does not matter.
  let decided = path.start === 'a stranger';

  const socket = connect({ path: at.socket, allowHalfOpen: true });
  const end = socket.end.bind(socket) as () => void;
  // `hear` closes its side when the daemon has closed its own. A client that stays does not.
  const stays = staysOn(path);
  if (stays) socket.end = (() => socket) as never;
  const heard = hear(socket);

  const beBrisk = () => {
    if (!decided && (begun || hurried) && Date.now() - lastSign > BRISK)
      throw new TooSlow('the next piece came too late');
  };
  const write = (bytes: string | Buffer) => {
    beBrisk();
    begun = true;
    lastSign = Date.now();
    return new Promise<unknown>((resolve) => socket.write(bytes, resolve));
  };
  const send = (bytes: string | Buffer, decides = false) => {
    const written = write(bytes);
    // Bytes after a request are discarded. Bytes that are still unread at the end would cause a reset.
    if (decided) return written;
    decided = decides;
    return undefined;
  };
  /** The kernel does not take it at once. A client that is delayed meanwhile is refused as a silent one. */
  const sendTooMuch = async () => {
    if (decided) return send(TOO_MUCH);
    for (let sent = 0; sent < TOO_MUCH.length; sent += PART)
      await write(TOO_MUCH.subarray(sent, sent + PART));
    beBrisk();
    decided = true;
    return undefined;
  };
  const isIn = (state: string) => {
    const what = (got: readonly string[] | undefined) =>
      `expected the state ${state}, got ${got?.[0] ?? 'closed'}`;
    const patience = PASSING.includes(state) ? PASSING_PATIENCE : undefined;
    return comesTo(
      daemon,
      (inside) => (state === 'closed' ? !inside?.connections.length : inside?.connections[0] === state),
      (inside) => (patience ? new TooSlow(what(inside?.connections)) : new Error(what(inside?.connections))),
      patience,
    );
  };
  const drip = async () => {
    const from = Date.now();
    while (!socket.readableEnded && Date.now() - from < LIMITS.REQUEST_LIMIT) {
      send(' ');
      await new Promise((resolve) => setTimeout(resolve, DRIP));
    }
  };
  const isDraining = () =>
    comesTo(
      daemon,
      (inside) => !inside?.daemon.startsWith('serving.open'),
      (inside) => new Error(`expected the daemon to drain, got ${inside?.daemon}`),
    );
  const unlock = () => {
    if (other?.inTransaction) other.exec('COMMIT');
  };
  const byItself = () => {};
  const events: Subject['events'] = {
    // The next piece continues from there.
    'a piece': () => send(begun ? ' ' : '{'),
    'a good request': () => {
      if (isLocked && !decided) {
        other = new Database(at.database);
        other.exec('BEGIN IMMEDIATE');
      }
      return send(begun ? `"x":1,${request.slice(1)}` : request, true);
    },
    'broken JSON': () => send(begun ? ']}' : '{]}', true),
    'an unknown command': () => send(begun ? '"cmd":"x"}' : '{"cmd":"x"}', true),
    junk: () => send('x', true),
    'too much': sendTooMuch,
    'half-close': end,
    vanish: () => socket.destroy(),
    'the daemon drains': () => {
      daemon.signal('SIGTERM');
      if (decided) return isDraining();
      if (begun) return;
      hurried = true;
      lastSign = Date.now();
    },
    'REQUEST_LIMIT passes': drip,
    'FIRST_BYTE_LIMIT passes': byItself,
    'SILENCE_LIMIT passes': byItself,
    'LAST_LOOK passes': byItself,
    'REPLY_PATIENCE passes': byItself,
    'CHECK_LIMIT passes': byItself,
    'ACCEPT_LIMIT passes': byItself,
    allowed: byItself,
    forbidden: byItself,
    'on record': unlock,
    refused: byItself,
    sent: byItself,
    'cannot be sent': byItself,
  };
  const lasting = [...LASTING, ...(isLocked ? ['accepting'] : []), ...(isHung(path) ? ['permitting'] : [])];
  return {
    events,
    states: Object.fromEntries(
      path.states.filter((state) => lasting.includes(state)).map((state) => [state, () => isIn(state)]),
    ),
    rest: async () => {
      // A client that learns that nothing is recorded must learn it while nothing can be recorded.
      if (!path.events.some((event) => UNRECORDED.includes(event))) unlock();
      if (stays && !path.events.includes('REPLY_PATIENCE passes')) end();
      await isIn('closed');
      if (stays) socket.destroy();
      const { text } = await heard;
      // A client that has left receives nothing about its command.
      await comesTo(
        daemon,
        (inside) => !inside?.processes.length,
        (inside) => new Error(`expected an end of the command, got ${inside?.processes[0]}`),
      );
      unlock();
      return see(path, text, daemon.rows().length - before);
    },
    end: async () => {
      socket.destroy();
      other?.close();
      await daemons.giveBack(path, daemon);
    },
  };
}

const UNRECORDED = ['refused', 'ACCEPT_LIMIT passes'];

/** Whether the database is locked when the request arrives: an event must occur before its row can be written. */
function needsLock({ events }: Path): boolean {
  const next = events[events.indexOf('allowed') + 1];
  return events.includes('allowed') && next !== undefined && next !== 'on record';
}

/** Whether the client keeps its side open after its reply: for as long as the daemon lets it, or until the daemon
 * drains. */
function staysOn(path: Path): boolean {
  if (path.events.includes('REPLY_PATIENCE passes')) return true;
  return path.events.some(
    (event, index) => event === 'the daemon drains' && stageBefore(path, index) === 'answered early',
  );
}

/** The path to delete: a missing one, or one behind a symlink. */
function targetOf({ events }: Path, { at }: TestDaemon): string {
  if (!events.includes('forbidden')) return join(at.backups, 'b1');
  const link = join(at.backups, 'link');
  rmSync(link, { force: true });
  mkdirSync(join(at.folder, 'elsewhere'), { recursive: true });
  symlinkSync(join(at.folder, 'elsewhere'), link);
  return join(link, 'b1');
}
