import { readdirSync, readFileSync } from 'node:fs';

/** Returns the children of a process, including zombies, or none for a process that has ended. The kernel lists them
 * by the thread that started them, and a daemon starts them in its thread pool. */
export function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
