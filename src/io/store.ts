import { existsSync } from 'node:fs';
import { DaemonError } from '../errors.ts';
import type { AuditEntry } from './audit.ts';
import { claimDatabase } from './database-claim.ts';
import { faultPoint } from './fault-point.ts';
import { type CommitListener, GroupCommit, type TroubleListener } from './group-commit.ts';
import { LiveDatabase } from './live-database.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Accepted, Outcome, Retention, Transition, Unsettled } from './records.ts';
import { type Tables, tablesOf } from './tables.ts';

/** How long (ms) a new command waits for another's write lock: less than the 5 s that the Python client waits. */
export const LOCK_PATIENCE = 4000;

/** How long (ms) what nobody waits for may wait for others' transactions: the entry of a refusal, which the audit log has
 * by then; and the number of a child, by which a restart finds it sooner than by looking at all that run. */
const LEISURE = 50;

/** How long (ms) a probe does: nothing depends on it. */
const PROBE_PATIENCE = 500;

/** The durable record: each promise resolves when its write is on disk. */
export interface Store {
  /** Row and `pending` transition; gives the row's id. Rejects with STORE_UNAVAILABLE, then nothing is recorded. */
  accept(accepted: Accepted): Promise<number>;
  start(transition: Transition): Promise<void>;
  /** Which process the child is; nobody has to wait for it. */
  spawned(processId: number, commandId: string, child: ProcessIdentity): Promise<void>;
  end(transition: Transition, outcome: Outcome, accepted: Accepted): Promise<void>;
  /** What the last daemon left, in order of acceptance. */
  unsettled(): Promise<readonly Unsettled[]>;
  /** Notes that this daemon takes a command over, and counts the try. */
  recover(transition: Transition): Promise<void>;
  /** Forgets the tries of commands that were recovered without harm. */
  trust(processIds: readonly number[]): Promise<void>;
  /** Of a refused command; the others' entries are written with them. Rejects while the database is in trouble. */
  audit(entry: AuditEntry): Promise<void>;
  /** Why nothing can be written at the moment. */
  trouble(): string | undefined;
  /** Writes what is there already, for who asks whether that works. Rejects with STORE_UNAVAILABLE. */
  probe(): Promise<void>;
  /** Resolves when nothing waits to be written. */
  drained(): Promise<void>;
  close(): void;
}

export interface StoreOptions {
  readonly path: string;
  /** That of a daemon in shadow mode. */
  readonly shadow?: boolean;
  readonly retention: Retention;
  readonly onTrouble: TroubleListener;
  readonly onCommit?: CommitListener;
}

/** Throws DATABASE_IN_USE, and as openDatabase does. */
export function openStore({ path, shadow, retention, onTrouble, onCommit }: StoreOptions): Store {
  const claim = claimDatabase(path);
  const database = new LiveDatabase<Tables>(path, (opened) => tablesOf(opened, retention), shadow);
  const group = new GroupCommit(database, onTrouble, onCommit);
  type Write = 'accept' | 'start' | 'child' | 'end' | 'recover';
  const write = async <R>(
    name: Write,
    work: (tables: Tables) => R,
    patience?: number,
    leisure = 0,
  ): Promise<R> => {
    const written = (tables: Tables) => {
      const result = work(tables);
      faultPoint(`${name}.written`);
      return result;
    };
    const result = await group.commit(written, patience, leisure);
    faultPoint(`${name}.committed`);
    return result;
  };
  return {
    accept: (accepted) => write('accept', (tables) => tables.accept(accepted), LOCK_PATIENCE),
    start: (transition) => write('start', (tables) => tables.start(transition)),
    spawned: (processId, commandId, child) =>
      write('child', (tables) => tables.spawned(processId, commandId, child), undefined, LEISURE),
    end: (transition, outcome, accepted) =>
      write('end', (tables) => tables.end(transition, outcome, accepted)),
    recover: (transition) => write('recover', (tables) => tables.recover(transition)),
    unsettled: () => group.commit((tables) => tables.unsettled()),
    trust: (processIds) => group.commit((tables) => tables.trust(processIds)),
    audit: (entry) => group.commit((tables) => tables.audit(entry), LOCK_PATIENCE, LEISURE),
    trouble: () => group.trouble,
    probe: async () => {
      // To look must not be what makes a new one.
      if (!existsSync(path)) throw new DaemonError('STORE_UNAVAILABLE', 'the database file is not there');
      await group.commit((tables) => tables.probe(), PROBE_PATIENCE);
      // A write of another kind may still wait for the end of the trouble.
      if (group.trouble !== undefined) throw new DaemonError('STORE_UNAVAILABLE', group.trouble);
    },
    drained: () => group.drained(),
    close: () => {
      group.close();
      database.close();
      claim.release();
    },
  };
}
