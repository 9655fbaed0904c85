import { readFileSync } from 'node:fs';

/** Milliseconds of one tick of the kernel's clock, as it tells user space. */
export const TICK = 10;

/** Milliseconds after the last request until a daemon has given memory back (src/io/os/idle-memory.ts), and is at rest. */
export const REST = 12_000;

/** Milliseconds that a process and the children that it has waited for have spent. Source: proc_pid_stat(5). */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return ticks * TICK;
}

/** MiB of memory that is the process's own, not its file's. Source: proc_pid_status(5). */
export function anonymousOf(pid: number): number {
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
