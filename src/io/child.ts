import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { DaemonError, messageOf } from '../errors.ts';
import { BoundedCapture } from './capture.ts';
import { faultPoint } from './fault-point.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';

/** A program ready to start. `fds` become its descriptors 3, 4, …; `names` says how its messages are to be read. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly fds: readonly number[];
  readonly names: ReadonlyMap<string, string>;
}

/** `code`: the exit code, or 128 plus the number of the signal that ended it. */
export interface ChildEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildEvents {
  readonly spawned: (child: ProcessIdentity) => void;
  readonly ended: (end: ChildEnd) => void;
  readonly refused: (error: DaemonError) => void;
}

/** Small and fixed: what the daemon was started with is nobody's business, and costs time on every fork. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' };

/** Starts a program without a shell and follows it to its end. Exactly one of `ended` and `refused` is called;
 * `limit` bounds what is kept of each of its streams (bytes). Closes `launch.fds`. */
export function startChild(launch: Launch, limit: number, events: ChildEvents): void {
  const refuse = (error: unknown) =>
    events.refused(new DaemonError('CHILD_NOT_STARTED', `${launch.file}: ${messageOf(error)}`, error));
  try {
    follow(launch, limit, events, refuse);
  } catch (error) {
    // Too long an argument list and NUL are thrown; the rest comes as an event.
    queueMicrotask(() => refuse(error));
  } finally {
    for (const fd of launch.fds) closeSync(fd);
  }
}

function follow(
  { file, args, fds, names }: Launch,
  limit: number,
  events: ChildEvents,
  refuse: (error: unknown) => void,
): void {
  faultPoint('child.spawning');
  const child = spawn(file, args, { cwd: '/', env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe', ...fds] });
  const stdout = new BoundedCapture(limit);
  const stderr = new BoundedCapture(limit);
  child.stdout?.on('data', (piece: Buffer) => stdout.push(piece));
  child.stderr?.on('data', (piece: Buffer) => stderr.push(piece));
  child.once('spawn', () => {
    faultPoint('child.spawned');
    // Of one that has ended already, nothing but the number is known.
    const pid = child.pid as number;
    events.spawned(identityOf(pid) ?? { pid, start: '', bootId: '' });
  });
  child.once('error', (error) => {
    if (child.pid === undefined) refuse(error);
  });
  child.once('close', (code, signal) => {
    if (child.pid === undefined) return;
    faultPoint('child.exited');
    const killed = signal === null ? '' : `killed by ${signal}\n`;
    events.ended({
      code: code ?? 128 + constants.signals[signal as NodeJS.Signals],
      stdout: readable(stdout.text(), names),
      stderr: readable(stderr.text(), names) + killed,
    });
  });
}

/** Descriptors back to the paths that they stand for. */
function readable(text: string, names: ReadonlyMap<string, string>): string {
  if (text === '' || names.size === 0) return text;
  return text.replace(/\/proc\/self\/fd\/\d+/g, (name) => names.get(name) ?? name);
}
