import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { DaemonError, messageOf } from '../errors.ts';
import { BoundedCapture } from './capture.ts';
import { type Exit, onExit } from './child-exits.ts';
import { faultPoint } from './fault-point.ts';
import { posixSpawn } from './posix-spawn.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';
import { RenamedLines } from './renamed-lines.ts';

/** A program ready to start. `fds` become its descriptors 3, 4, …; `names` says how its messages are to be read. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly fds: readonly number[];
  readonly names: ReadonlyMap<string, string>;
}

/** `code`: the exit code, or 128 plus the number of the signal that ended it. `left`: how many bytes of each stream are
 * not kept; undefined: none. */
export interface ChildEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly left?: { readonly stdout: number; readonly stderr: number };
}

export interface ChildEvents {
  readonly spawned: (child: ProcessIdentity) => void;
  readonly ended: (end: ChildEnd) => void;
  readonly refused: (error: DaemonError) => void;
}

/** What a child calls a folder that it was handed. */
const DESCRIPTOR = /\/proc\/self\/fd\/\d+/g;

/** Small and fixed: what the daemon was started with is nobody's business, and costs time on every fork. */
const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C'];

/** Starts a program without a shell and follows it to its end. Exactly one of `ended` and `refused` is called;
 * `limit` bounds what is kept of each of its streams (bytes). Closes `launch.fds`. */
export function startChild(launch: Launch, limit: number, events: ChildEvents): void {
  const refuse = (error: unknown) =>
    events.refused(new DaemonError('CHILD_NOT_STARTED', `${launch.file}: ${messageOf(error)}`, error));
  const close = () => {
    for (const fd of launch.fds) closeSync(fd);
  };
  follow(launch, limit, events).finally(close).catch(refuse);
}

async function follow({ file, args, fds, names }: Launch, limit: number, events: ChildEvents): Promise<void> {
  faultPoint('child.spawning');
  const { pid, ...outputs } = await posixSpawn({ file, args, env: ENVIRONMENT, folder: '/', fds });
  let exit: Exit | undefined;
  let awaited = 3;
  const ended = () => {
    if (--awaited > 0) return;
    faultPoint('child.exited');
    events.ended(endOf(exit as Exit, stdout, stderr));
  };
  const stdout = capture(outputs.stdout, names, limit, ended);
  const stderr = capture(outputs.stderr, names, limit, ended);
  onExit(pid, (found) => {
    exit = found;
    ended();
  });
  process.nextTick(() => {
    faultPoint('child.spawned');
    // Of one that has ended already, nothing but the number is known.
    events.spawned(identityOf(pid) ?? { pid, start: '', bootId: '' });
  });
}

/** One stream of a child, read to its end; `ended` hears of that. */
function capture(
  fd: number,
  names: ReadonlyMap<string, string>,
  limit: number,
  ended: () => void,
): BoundedCapture {
  const kept = new BoundedCapture(limit);
  const lines = new RenamedLines(names, DESCRIPTOR, (piece) => kept.push(piece));
  const stream = new Socket({ fd, readable: true, writable: false });
  stream.on('data', (piece: Buffer) => lines.push(piece));
  // It is followed by `close`, like the end.
  stream.on('error', () => {});
  stream.once('close', () => {
    lines.end();
    ended();
  });
  return kept;
}

function endOf({ code, signal }: Exit, stdout: BoundedCapture, stderr: BoundedCapture): ChildEnd {
  const left = { stdout: stdout.left, stderr: stderr.left };
  return {
    code: signal === 0 ? code : 128 + signal,
    stdout: stdout.text(),
    stderr: stderr.text() + (signal === 0 ? '' : `killed by ${signalName(signal)}\n`),
    ...(left.stdout + left.stderr > 0 ? { left } : {}),
  };
}

function signalName(number: number): string {
  const [name] = Object.entries(constants.signals).find(([, known]) => known === number) ?? [];
  return name ?? `signal ${number}`;
}
