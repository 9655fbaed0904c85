import { existsSync } from 'node:fs';
import { DaemonError } from '../../errors.ts';
import type { ProcessIdentity } from '../child/identity.ts';
import type { AuditEntry } from '../log/audit.ts';
import { faultPoint } from '../os/fault-point.ts';
import { SharedClient } from '../shared-database/client.ts';
import {
  type CommitListener,
  type CommitOptions,
  GroupCommit,
  type TroubleListener,
} from './group-commit.ts';
import { JournaledDatabase, type Session } from './journaled-database.ts';
import { claimDatabase } from './lock.ts';
import { openJournalDatabase } from './open.ts';
import type { Accepted, Outcome, Retention, Transition, Unsettled } from './records.ts';
import { LiveDatabase } from './reopening-database.ts';
import { prepareTables, type Tables, type TablesOptions } from './statements.ts';
import { reportChanges } from './trouble-report.ts';

/** How long a new command waits for the write lock of another process: less than the 5 s that the Python client waits. */
export const LOCK_TIMEOUT_MS = 4000;

/** How long a write that no actor waits for may wait for others' transactions: the entry of a refusal, which the audit log has
 * by then; and the number of a child, by which a restart finds it sooner than by looking at all that run. */
const MAX_DELAY_MS = 50;

/** How long a probe waits for a lock: nothing depends on it. */
const PROBE_TIMEOUT_MS = 500;

/** The durable record: each promise resolves when its write is on disk. */
export interface Store {
  /** Row and `pending` transition; gives the row's id. Rejects with STORE_UNAVAILABLE, then nothing is recorded. */
  accept(accepted: Accepted): Promise<number>;
  start(transition: Transition): Promise<void>;
  /** Records the identity of the child. Callers need not wait for it. */
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
  /** Why new commands are refused at the moment. */
  trouble(): string | undefined;
  /** Does what an accepted command needs of both databases, and undoes it. Rejects with STORE_UNAVAILABLE. */
  probe(): Promise<void>;
  /** Opens the shared database before the first write needs it. */
  openShared(): void;
  /** Resolves when nothing waits to be written. */
  drained(): Promise<void>;
  close(): void;
}

export interface StoreOptions {
  /** Of the journal: the daemon's own database. */
  readonly statePath: string;
  /** Of the database with the table `process` that API servers read. */
  readonly sharedPath: string;
  /** True for a daemon in shadow mode. */
  readonly shadow?: boolean;
  readonly retention: Retention;
  readonly describe: TablesOptions['describe'];
  readonly onTrouble: TroubleListener;
  /** Called when the shared database is open, for the first time or again. */
  readonly onSharedOpen?: () => void;
  readonly onCommit?: CommitListener;
}

/** Throws DATABASE_IN_USE, and as openJournalDatabase does. */
export function openStore(options: StoreOptions): Store {
  const { statePath, sharedPath, onTrouble, onCommit } = options;
  const claim = claimDatabase(statePath);
  const findTrouble = () => group.trouble ?? database.sharedTrouble;
  const report = reportChanges(findTrouble, onTrouble);
  const { paired: database, shared } = pairDatabases(options, report);
  const group = new GroupCommit<Session>(database, report, onCommit);
  try {
    database.open();
  } catch (error) {
    database.close();
    claim.release();
    throw error;
  }
  type Write = 'accept' | 'start' | 'child' | 'end' | 'recover';
  const write = async <R>(name: Write, work: (session: Session) => R, commit?: CommitOptions<Session, R>) => {
    const written = (session: Session) => {
      const result = work(session);
      faultPoint(`${name}.written`);
      return result;
    };
    const result = await group.commit(written, commit);
    faultPoint(`${name}.committed`);
    return result;
  };
  return {
    accept: (accepted) =>
      write('accept', (session) => session.acceptBoth(accepted), {
        lockTimeoutMs: LOCK_TIMEOUT_MS,
        revoke: (session, processId) => session.revoke(processId, accepted.commandId),
      }),
    start: (transition) => write('start', (session) => session.start(transition)),
    spawned: (processId, commandId, child) =>
      write(
        'child',
        (session) => {
          session.spawned(processId, commandId, child);
          session.outdate(processId);
        },
        { maxDelayMs: MAX_DELAY_MS },
      ),
    end: (transition, outcome, accepted) =>
      write('end', (session) => session.outdate(session.end(transition, outcome, accepted))),
    recover: (transition) => write('recover', (session) => session.recover(transition)),
    unsettled: () => group.commit((session) => session.unsettled()),
    trust: (processIds) => group.commit((session) => session.trust(processIds)),
    audit: (entry) =>
      group.commit((session) => session.audit(entry), {
        lockTimeoutMs: LOCK_TIMEOUT_MS,
        maxDelayMs: MAX_DELAY_MS,
      }),
    trouble: findTrouble,
    probe: async () => {
      // A look must not be what makes a new file; the first opening makes it anyway.
      for (const path of shared.wasOpened ? [statePath, sharedPath] : [statePath]) {
        if (!existsSync(path)) throw new DaemonError('STORE_UNAVAILABLE', `${path} is not there`);
      }
      const lockTimeoutMs = shared.wasOpened ? PROBE_TIMEOUT_MS : LOCK_TIMEOUT_MS;
      await group.commit((session) => session.probeBoth(), { lockTimeoutMs });
      // A write of another kind may still wait for the end of the trouble.
      const trouble = findTrouble();
      if (trouble !== undefined) throw new DaemonError('STORE_UNAVAILABLE', trouble);
    },
    openShared: () => shared.start(),
    drained: () => group.drained(),
    close: () => {
      group.close();
      database.close();
      claim.release();
    },
  };
}

function pairDatabases(options: StoreOptions, onSharedTrouble: () => void) {
  const { statePath, sharedPath, shadow, retention, describe, onSharedOpen } = options;
  const journal = new LiveDatabase<Tables>({
    path: statePath,
    open: (path, lockTimeoutMs) => ({ database: openJournalDatabase(path, lockTimeoutMs, shadow) }),
    prepare: (database) => prepareTables(database, { retention, describe }),
  });
  const shared = new SharedClient({
    path: sharedPath,
    shadow,
    onOpened: (trouble) => {
      if (!trouble) onSharedOpen?.();
      paired.sharedOpened(trouble);
    },
    onDurable: () => paired.sharedDurable(),
  });
  const paired = new JournaledDatabase({ journal, shared, onSharedTrouble });
  return { paired, shared };
}
