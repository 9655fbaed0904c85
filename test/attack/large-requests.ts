/** The largest requests that there are, of the kinds that cost most. */
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

/** A cleanup of as many directories as fit; none of them is there. */
export const largeCleanup = (backups: string): string =>
  cleanup((index) => JSON.stringify(join(backups, `m${index}`)));

/** The same, each below a directory of its own that has to be looked at. */
export const deepCleanup = (backups: string): string =>
  cleanup((index) => JSON.stringify(join(backups, `d${index}`, 'm')));

/** Refused, and many times larger parsed than as text. */
export const manyObjects = (): string =>
  fill('{"cmd":"cleanup_backups","args":{"folders":[],"backup_ids":[', ']}}', () => '{}');
