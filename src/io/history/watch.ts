import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** A write is seen before its commit is: so long (ms) it is waited for, and once more in case the disk was slow. */
const COMMIT_TIME = 20;
const SLOW_COMMIT_TIME = 200;
/** Where the kernel does not tell of changes (ms). */
const FALLBACK = 1_000;

export interface DatabaseWatch {
  /** Resolves once there may be something new since the last call. */
  changed(): Promise<void>;
  close(): void;
}

/** Watches the write-ahead log of a database. It watches the directory, since daemons create and remove the log. */
export function watchDatabase(path: string): DatabaseWatch {
  const names = [basename(path), `${basename(path)}-wal`];
  let isNews = false;
  let wake: (() => void) | undefined;
  const tell = () => {
    isNews = true;
    wake?.();
  };
  let soon: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;
  const heard = () => {
    soon ??= setTimeout(() => {
      soon = undefined;
      tell();
    }, COMMIT_TIME);
    clearTimeout(later);
    later = setTimeout(tell, SLOW_COMMIT_TIME);
  };
  const fallback = setInterval(tell, FALLBACK);
  const watcher = tryWatch(dirname(path), (name) => {
    if (name === null || names.includes(name)) heard();
  });
  return {
    async changed() {
      if (!isNews) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      wake = undefined;
      isNews = false;
    },
    close() {
      watcher?.close();
      for (const timer of [soon, later, fallback]) clearTimeout(timer);
    },
  };
}

/** Without a watcher (the kernel has too few) the timer has to do. */
function tryWatch(folder: string, heard: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_, name) => heard(name));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
