import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { DaemonError, messageOf } from '../errors.ts';
import { BoundedCapture } from './capture.ts';
import { faultPoint } from './fault-point.ts';
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
  const [stdout, stderr] = [new BoundedCapture(limit), new BoundedCapture(limit)];
  const lines = [stdout, stderr].map(
    (kept) => new RenamedLines(names, DESCRIPTOR, (piece) => kept.push(piece)),
  );
  child.stdout?.on('data', (piece: Buffer) => lines[0]?.push(piece));
  child.stderr?.on('data', (piece: Buffer) => lines[1]?.push(piece));
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
    for (const stream of lines) stream.end();
    const killed = signal === null ? '' : `killed by ${signal}\n`;
    const left = { stdout: stdout.left, stderr: stderr.left };
    events.ended({
      code: code ?? 128 + constants.signals[signal as NodeJS.Signals],
      stdout: stdout.text(),
      stderr: stderr.text() + killed,
      ...(left.stdout + left.stderr > 0 ? { left } : {}),
    });
  });
}
