import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

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

/** The first living process of our own user that `isIt`: another's could be made to look like anything. */
export function findProcess(isIt: (running: Running) => boolean): ProcessIdentity | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || ownerOf(name) !== process.getuid?.()) continue;
    const words = read(`/proc/${name}/cmdline`).split('\0').slice(0, -1);
    const descriptor = (fd: number) => readLink(`/proc/${name}/fd/${fd}`);
    if (words.length > 0 && isIt({ words, descriptor })) return identityOf(Number(name));
  }
  return undefined;
}

let ownBoot: string | undefined;

/** Nothing that runs outlives its boot. */
function bootId(): string {
  ownBoot ??= read('/proc/sys/kernel/random/boot_id').trim();
  return ownBoot;
}

function ownerOf(pid: string): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
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
