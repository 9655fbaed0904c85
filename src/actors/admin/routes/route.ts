import type { Readable } from 'node:stream';
import type { AnyActorRef } from 'xstate';
import type { Answer } from '../../../io/admin/server.ts';
import type { Histogram } from '../../../io/os/histogram.ts';
import type { Store } from '../../../io/store/store.ts';
import type { Counters } from '../../metrics/counters.ts';
import type { DryRuns } from '../dry-runs.ts';
import type { Inspection } from '../inspection.ts';

/** What the routes read. None of them writes. */
export interface Sight {
  /** The root of all actors. */
  readonly daemon: AnyActorRef;
  readonly processes: () => AnyActorRef;
  readonly connections: () => AnyActorRef;
  readonly store: Pick<Store, 'probe'>;
  /** Why lines of a log go elsewhere than to its file; undefined where they do not. */
  readonly logTrouble: () => string | undefined;
  readonly counters: Counters;
  readonly commits: Histogram;
  readonly inspection: Inspection;
  readonly dryRuns: DryRuns;
  readonly statePath: string;
  readonly cronFile: string;
  readonly version: string;
  /** True where nothing is carried out. */
  readonly shadow: boolean;
}

export interface Asked {
  readonly sight: Sight;
  /** The value of `{id}` in the path. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The body of a POST request; the body of a GET request is not read. */
  readonly body: Readable;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `{id}` is any one segment. */
  readonly path: string;
  /** The keys that may be asked with; any other is refused. */
  readonly query: readonly string[];
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
}

export function json(status: number, body: unknown): Answer {
  return { status, body };
}

export function problem(status: number, error: string): Answer {
  return json(status, { error });
}
