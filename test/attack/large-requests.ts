/** The largest requests of the most expensive kinds. */
import { join } from 'node:path';

const LARGEST_BYTES = 1_048_576;

function fill(head: string, tail: string, entry: (index: number) => string): string {
  const entries: string[] = [];
  let room = LARGEST_BYTES - head.length - tail.length;
  for (let index = 0; ; index++) {
    const next = entry(index);
    room -= next.length + 1;
    if (room < 0) return head + entries.join(',') + tail;
    entries.push(next);
  }
}

const cleanup = (entry: (index: number) => string) =>
  fill('{"cmd":"cleanup_backups","args":{"backup_ids":[],"folders":[', ']}}', entry);

/** A cleanup of as many missing directories as fit. */
export const largeCleanup = (backups: string): string =>
  cleanup((index) => JSON.stringify(join(backups, `m${index}`)));

/** The same, each in a parent directory of its own, which the daemon has to check. */
export const deepCleanup = (backups: string): string =>
  cleanup((index) => JSON.stringify(join(backups, `d${index}`, 'm')));

/** A request that is refused, and is many times larger when parsed. */
export const manyObjects = (): string =>
  fill('{"cmd":"cleanup_backups","args":{"folders":[],"backup_ids":[', ']}}', () => '{}');
