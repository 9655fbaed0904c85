/** The state of the daemon for all tabs together: read once for all, and only while a tab is visible. */
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import type { DaemonState } from '../inspect-text.ts';
import { type EventLine, Trails } from './trails.ts';

/** How the daemon is asked. */
export interface Source {
  ask(path: string, signal: AbortSignal): Promise<unknown>;
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
}

export interface FeedReader {
  /** `text`: JSON. */
  tell(topic: string, text: string): void;
}

/** Milliseconds: between two looks where nothing happens, and the least between two where much does. */
const CALM = 1_000;
const BUSY = 200;
/** Other services write into the table, too, and of that no event tells. */
const PROCESSES_CALM = 5_000;
const RETRY = 500;

const PROCESSES = '/processes?limit=50';

export class Feed {
  readonly trails = new Trails();
  readonly #source: Source;
  readonly #readers = new Set<FeedReader>();
  readonly #told = new Map<string, string>();
  #looking: AbortController | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Tells what is known, and from now on what changes; returns how to stop. */
  add(reader: FeedReader): () => void {
    this.#readers.add(reader);
    for (const [topic, text] of this.#told) reader.tell(topic, text);
    if (!this.#looking) {
      this.#looking = new AbortController();
      void this.#look(this.#looking.signal);
    }
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      this.#looking?.abort();
      this.#looking = undefined;
      // It will be outdated when a tab is visible again.
      this.#told.clear();
    };
  }

  async #look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#watch(signal);
      } catch (error) {
        if (!signal.aborted) this.#tell('daemon', { away: messageOf(error) });
      }
      await wait(RETRY, undefined, { signal }).catch(() => {});
    }
  }

  /** Until the daemon goes away, which rejects. */
  async #watch(until: AbortSignal): Promise<void> {
    const trouble = new AbortController();
    const signal = AbortSignal.any([until, trouble.signal]);
    const events = this.#source.lines('/events', signal)[Symbol.asyncIterator]();
    const fail = (error: unknown) => trouble.abort(error);
    try {
      // Asked for first: what happens during the first look is not missed.
      let next = events.next();
      next.catch(fail);
      const state = (await this.#source.ask('/state', signal)) as DaemonState;
      this.trails.begin(state.daemon, state.at);
      this.#tell('state', state);
      this.#tell('processes', await this.#source.ask(PROCESSES, signal));
      this.#tell('daemon', { away: null });
      const stateLook = this.#repeat('state', '/state', CALM, signal, fail);
      const processesLook = this.#repeat('processes', PROCESSES, PROCESSES_CALM, signal, fail);
      for (let found = await next; !found.done; found = await next) {
        const line = JSON.parse(found.value) as EventLine;
        this.trails.add(line);
        stateLook();
        if (line.kind === 'state' || line.lost !== undefined) processesLook();
        next = events.next();
      }
      throw new Error('it ended');
    } catch (error) {
      throw trouble.signal.aborted ? trouble.signal.reason : error;
    } finally {
      trouble.abort();
    }
  }

  /** Asks for `path` again and again; what it returns makes that sooner. */
  #repeat(topic: string, path: string, calm: number, signal: AbortSignal, fail: (error: unknown) => void) {
    let hurry = false;
    let sooner = () => {};
    const run = async () => {
      for (;;) {
        await wait(BUSY, undefined, { signal });
        if (!hurry) {
          const called = new Promise<void>((resolve) => {
            sooner = resolve;
          });
          await Promise.race([called, wait(calm - BUSY, undefined, { signal })]);
        }
        hurry = false;
        this.#tell(topic, await this.#source.ask(path, signal));
      }
    };
    run().catch(fail);
    return () => {
      hurry = true;
      sooner();
    };
  }

  #tell(topic: string, what: unknown): void {
    const text = JSON.stringify(what);
    if (this.#told.get(topic) === text) return;
    this.#told.set(topic, text);
    for (const reader of this.#readers) reader.tell(topic, text);
  }
}
