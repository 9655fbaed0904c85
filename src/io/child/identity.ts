import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';

/** A process, told apart from any other that gets its pid later. `start`: clock ticks since the boot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
  readonly bootId: string;
}

/** The words a program was started with, and where its descriptors lead. */
export interface Running {
  readonly words: readonly string[];
  readonly descriptor: (fd: number) => string | undefined;
}

/** Linux tells times to programs in this unit, whatever its own is. */
const TICKS_PER_SECOND = 100;
/** `CLOCK_STEP_S`: so far the system's clock may have been set back while a process ran. */
const CLOCK_STEP_S = 60;

/** Of a process that lives; a zombie does not. Source: proc_pid_stat(5). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the program may hold blanks and brackets.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = fields[18];
  if (start === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, start, bootId: bootId() };
}

export function isAlive({ pid, start, bootId }: ProcessIdentity): boolean {
  const now = identityOf(pid);
  return now?.start === start && now.bootId === bootId;
}

/** Whether the process that was recorded lives, belongs to our own user and `isIt`. Its record must be whole. */
export function isOurs(recorded: ProcessIdentity, isIt: (running: Running) => boolean): boolean {
  const { pid, start, bootId } = recorded;
  if (!(pid > 1) || start === '' || bootId === '') return false;
  // That it lives is asked last: then all that was read before was its own.
  return isIt(runningOf(pid)) && belongsToUs(pid) && isAlive(recorded);
}

/** Returns the first living process of our own user that `isIt` and did not start before `since`. */
export function findProcess(isIt: (running: Running) => boolean, since: Date): ProcessIdentity | undefined {
  const earliest = ticksAt(since);
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? identityOf(Number(name)) : undefined;
    if (found && Number(found.start) >= earliest && isOurs(found, isIt)) return found;
  }
  return undefined;
}

/** Returns the clock ticks from the boot to a moment, or a little less. */
function ticksAt(moment: Date): number {
  const secondsAgo = (Date.now() - moment.getTime()) / 1_000;
  return Math.floor((uptime() - secondsAgo - CLOCK_STEP_S) * TICKS_PER_SECOND);
}

function runningOf(pid: number): Running {
  const words = read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);
  const known = new Map<number, string | undefined>();
  const descriptor = (fd: number) => {
    if (!known.has(fd)) known.set(fd, readLink(`/proc/${pid}/fd/${fd}`));
    return known.get(fd);
  };
  return { words, descriptor };
}

/** All four: the real, effective, saved and file system user. A setuid program that another user started has its own real one.
 * Source: proc_pid_status(5). */
function belongsToUs(pid: number): boolean {
  const ids = /^Uid:\t(.+)$/m.exec(read(`/proc/${pid}/status`))?.[1]?.split('\t') ?? [];
  return ids.length === 4 && ids.every((id) => Number(id) === process.getuid?.());
}

let ownBoot: string | undefined;

/** Nothing that runs outlives its boot. */
function bootId(): string {
  ownBoot ??= read('/proc/sys/kernel/random/boot_id').trim();
  return ownBoot;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
