import { readFileSync } from 'node:fs';

/** The milliseconds of one tick of the kernel's clock, as user space sees it. */
export const TICK = 10;

/** Milliseconds after the last request until a daemon has given memory back (src/io/os/idle-memory.ts) and is at
 * rest. */
export const REST = 12_000;

/** Returns the CPU milliseconds of a process and of its awaited children. Source: proc_pid_stat(5). */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return ticks * TICK;
}

/** Returns the MiB of the process's own memory, without that of files. Source: proc_pid_status(5). */
export function anonymousOf(pid: number): number {
  const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
