/** A real daemon with one client as a subject: each event of the connection machine as what a client, the kernel or an
 * operator does, each state as what the admin socket tells, the end as what the client got and the table holds. */
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
import { see } from './connection-sight.ts';
import { comesTo } from './inside.ts';

/** Those that last long enough to be met. */
const LASTING = ['reading.silent', 'reading.receiving', 'reading.hurried'];
/** Those that silence ends soon: who is not met there may have been there. */
const PASSING = ['reading.receiving', 'reading.hurried'];
/** Milliseconds to meet one of them. */
const PASSING_PATIENCE = 1_000;
/** Who lets so much of the time for silence pass cannot be told from a silent client. */
const BRISK = LIMITS.SILENCE_LIMIT * 0.8;
/** Milliseconds between two bytes of a client that drips. */
const DRIP = 50;
const TOO_MUCH = Buffer.alloc(1_048_577, ' ');

export async function realConnection(path: Path, daemons: ConnectionDaemons): Promise<Subject> {
  const daemon = await daemons.take(path);
  const { at } = daemon;
  const before = daemon.rows().length;
  const request = JSON.stringify({ cmd: 'delete_directory', args: { path: targetOf(path, daemon) } });
  let other: Database.Database | undefined;
  let lastSign = Date.now();
  let begun = false;
  let hurried = false;

  const socket = connect({ path: at.socket, allowHalfOpen: true });
  // `hear` closes its side when the daemon has closed its own; who stays does not.
  const stays = path.events.includes('REPLY_PATIENCE passes');
  if (stays) socket.end = (() => socket) as never;
  const heard = hear(socket);

  const send = (bytes: string | Buffer) => {
    if ((begun || hurried) && Date.now() - lastSign > BRISK)
      throw new TooSlow('the next piece came too late');
    begun = true;
    socket.write(bytes);
    lastSign = Date.now();
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
  const byItself = () => {};
  const events: Subject['events'] = {
    // What comes next goes on from there.
    'a piece': () => send(begun ? ' ' : '{'),
    'a good request': () => {
      if (daemons.isLocked(path)) {
        other = new Database(at.database);
        other.exec('BEGIN IMMEDIATE');
      }
      send(begun ? `"x":1,${request.slice(1)}` : request);
    },
    'broken JSON': () => send(begun ? ']}' : '{]}'),
    'an unknown command': () => send(begun ? '"cmd":"x"}' : '{"cmd":"x"}'),
    junk: () => send('x'),
    'too much': () => send(TOO_MUCH),
    'half-close': () => socket.end(),
    vanish: () => socket.destroy(),
    'the daemon drains': () => {
      daemon.signal('SIGTERM');
      if (begun) return;
      hurried = true;
      lastSign = Date.now();
    },
    'REQUEST_LIMIT passes': drip,
    'FIRST_BYTE_LIMIT passes': byItself,
    'SILENCE_LIMIT passes': byItself,
    'LAST_LOOK passes': byItself,
    'REPLY_PATIENCE passes': byItself,
    allowed: byItself,
    forbidden: byItself,
    'on record': byItself,
    refused: byItself,
    sent: byItself,
  };
  const lasting = daemons.isLocked(path) ? [...LASTING, 'accepting'] : LASTING;
  return {
    events,
    states: Object.fromEntries(
      path.states.filter((state) => lasting.includes(state)).map((state) => [state, () => isIn(state)]),
    ),
    rest: async () => {
      // Who goes looks like who half-closes: he is waited for until there is a word for him.
      if (path.events.includes('vanish')) other?.exec('COMMIT');
      await isIn('closed');
      if (other?.inTransaction) other.exec('COMMIT');
      if (stays) socket.destroy();
      const { text } = await heard;
      // Who has left hears nothing of his command.
      await comesTo(
        daemon,
        (inside) => !inside?.processes.length,
        (inside) => new Error(`expected an end of the command, got ${inside?.processes[0]}`),
      );
      return see(path, text, daemon.rows().length - before);
    },
    end: async () => {
      socket.destroy();
      other?.close();
      await daemons.giveBack(path, daemon);
    },
  };
}

/** What is to be deleted: nothing that is there, or something behind a symlink. */
function targetOf({ events }: Path, { at }: TestDaemon): string {
  if (!events.includes('forbidden')) return join(at.backups, 'b1');
  const link = join(at.backups, 'link');
  rmSync(link, { force: true });
  mkdirSync(join(at.folder, 'elsewhere'), { recursive: true });
  symlinkSync(join(at.folder, 'elsewhere'), link);
  return join(link, 'b1');
}
