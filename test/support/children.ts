import { readdirSync, readFileSync } from 'node:fs';

/** The children of a process, also those that are zombies. The kernel keeps them by the thread that started them, and a
 * daemon's are started in its pool. None of a process that is gone. */
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
