/** In a daemon that carries nothing out, only a write that has to wait holds a place. */
import Database from 'better-sqlite3';
import type { TestDaemon } from '../../support/daemon.ts';
import { lookInside } from './inside.ts';

export interface Crowd {
  readonly client: string;
  /** The id of the last command, which is behind all others. */
  readonly id: string;
  readonly release: () => void;
}

/** Sends the same command `size` times, and locks the journal before the last one gets its turn. */
export async function holdCrowd(daemon: TestDaemon, request: object, size = 16): Promise<Crowd> {
  const replies = await Promise.all(Array.from({ length: size }, () => daemon.ask(request)));
  const other = new Database(daemon.at.state);
  other.exec('BEGIN IMMEDIATE');
  const last = daemon.rows().at(-1);
  const inside = await lookInside(daemon);
  if (inside?.processes.includes('pending.waiting')) {
    const codes = new Set(replies.map(({ code }) => `a ${code}`));
    return { client: [...codes].join(', '), id: last?.command_id ?? '', release: () => other.close() };
  }
  other.close();
  if (size > 1_000) throw new Error('a shadow is always quicker than the test');
  return holdCrowd(daemon, request, size * 2);
}
