/** Nothing holds a place in a daemon that carries nothing out, but a write that has to wait. */
import Database from 'better-sqlite3';
import type { TestDaemon } from '../../support/daemon.ts';
import { lookInside } from './inside.ts';

export interface Crowd {
  readonly client: string;
  /** Of the last: all others are before it. */
  readonly id: string;
  readonly release: () => void;
}

/** The same command so many times, with the journal locked before the turn of the last comes. */
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
