import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { DaemonError, messageOf } from '../../errors.ts';
import { faultPoint } from '../os/fault-point.ts';
import { BoundedCapture } from './capture.ts';
import { type Exit, hearOfExits, onExit } from './exits.ts';
import { RenamedLines } from './fd-paths.ts';
import { identityOf, type ProcessIdentity } from './identity.ts';
import { openPipe, posixSpawn } from './spawn.ts';

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

/** The path under which a child sees a directory that it inherited. */
const DESCRIPTOR = /\/proc\/self\/fd\/\d+/g;

/** Small and fixed: the daemon's own environment must not reach a child, and costs time on every fork. */
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
  const outputs: Output[] = [];
  let pid: number;
  // Every step that can fail precedes the start: a child that is reported as not started does not run.
  try {
    hearOfExits();
    for (let stream = 0; stream < 2; stream++) outputs.push(openOutput(names, limit));
    const [stdout, stderr] = outputs.map(({ write }) => write) as [number, number];
    pid = await posixSpawn({ file, args, env: ENVIRONMENT, folder: '/', stdout, stderr, fds });
  } catch (error) {
    for (const { stream } of outputs) stream.destroy();
    throw error;
  } finally {
    for (const { write } of outputs) closeSync(write);
  }
  let exit: Exit | undefined;
  let awaited = 3;
  const ended = () => {
    if (--awaited > 0) return;
    faultPoint('child.exited');
    const [stdout, stderr] = outputs.map(({ kept }) => kept) as [BoundedCapture, BoundedCapture];
    events.ended(endOf(exit as Exit, stdout, stderr));
  };
  onExit(pid, (found) => {
    exit = found;
    ended();
  });
  for (const { stream } of outputs) stream.once('close', ended);
  process.nextTick(() => {
    faultPoint('child.spawned');
    // Of one that has ended already, nothing but the number is known.
    events.spawned(identityOf(pid) ?? { pid, start: '', bootId: '' });
  });
}

/** Of a child: `stream` reads what is written to `write`, and closes at its end. */
interface Output {
  readonly write: number;
  readonly stream: Socket;
  readonly kept: BoundedCapture;
}

function openOutput(names: ReadonlyMap<string, string>, limit: number): Output {
  const { read, write } = openPipe();
  try {
    const stream = new Socket({ fd: read, readable: true, writable: false });
    return { write, stream, kept: capture(stream, names, limit) };
  } catch (error) {
    closeSync(read);
    closeSync(write);
    throw error;
  }
}

/** Captures the output of `stream`. */
function capture(stream: Socket, names: ReadonlyMap<string, string>, limit: number): BoundedCapture {
  const kept = new BoundedCapture(limit);
  const lines = new RenamedLines(names, DESCRIPTOR, (piece) => kept.push(piece));
  stream.on('data', (piece: Buffer) => lines.push(piece));
  // It is followed by `close`, like the end.
  stream.on('error', () => {});
  stream.once('close', () => lines.end());
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
