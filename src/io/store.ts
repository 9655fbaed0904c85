import type Database from 'better-sqlite3';
import { openDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { timestamp } from './timestamp.ts';

/** How long (ms) a new command waits for another's write lock: less than the 5 s that the Python client waits. */
export const LOCK_PATIENCE = 4000;

export interface Accepted {
  readonly commandId: string;
  readonly type: string;
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** How a process ended. `code` is null until there is one, -1 where it could not be started. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly at: Date;
}

/** One step of a process machine, as the table of transitions keeps it. */
export interface Transition {
  readonly processId: number;
  readonly commandId: string;
  readonly from: string | null;
  readonly to: string;
  readonly event: string;
  readonly at: Date;
  readonly why?: string | undefined;
}

/** The durable record: each promise resolves when its write is on disk. */
export interface Store {
  /** Row and `pending` transition; gives the row's id. Rejects with STORE_UNAVAILABLE, then nothing is recorded. */
  accept(accepted: Accepted): Promise<number>;
  start(transition: Transition): Promise<void>;
  /** The child's pid; nobody has to wait for it. */
  spawned(processId: number, pid: number): Promise<void>;
  end(transition: Transition, outcome: Outcome): Promise<void>;
  /** Resolves when nothing waits to be written. */
  drained(): Promise<void>;
  close(): void;
}

export function openStore(path: string): Store {
  const database = openDatabase(path);
  const group = new GroupCommit(database);
  const tables = statements(database);
  return {
    accept: (accepted) => group.commit(() => tables.accept(accepted), LOCK_PATIENCE),
    start: (transition) => group.commit(() => tables.transition(transition)),
    spawned: (processId, pid) => group.commit(() => tables.spawned(processId, pid)),
    end: (transition, outcome) => group.commit(() => tables.end(transition, outcome)),
    drained: () => group.drained(),
    close: () => {
      group.close();
      database.close();
    },
  };
}

function statements(database: Database.Database) {
  const insert = database.prepare(
    `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
     VALUES (?, ?, 0, 'running', ?, ?, ?)`,
  );
  const pid = database.prepare('UPDATE process SET pid = ? WHERE id = ?');
  const finish = database.prepare(
    'UPDATE process SET status = ?, output = ?, error = ?, return_code = ?, end_time = ? WHERE id = ?',
  );
  const step = database.prepare(
    `INSERT INTO cmd_transition (process_id, command_id, from_state, to_state, event, at, why)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const transition = ({ processId, commandId, from, to, event, at, why }: Transition): void => {
    step.run(processId, commandId, from, to, event, timestamp(at), why ?? null);
  };
  return {
    transition,
    accept({ commandId, command, type, args, at }: Accepted): number {
      const { lastInsertRowid } = insert.run(commandId, command, timestamp(at), type, JSON.stringify(args));
      const processId = Number(lastInsertRowid);
      transition({ processId, commandId, from: null, to: 'pending', event: 'process.requested', at });
      return processId;
    },
    spawned(processId: number, child: number): void {
      pid.run(child, processId);
    },
    end(last: Transition, { code, stdout, stderr, at }: Outcome): void {
      const { output, error } = columns(code, stdout, stderr);
      finish.run(code === 0 ? 'success' : 'failed', output, error, code, timestamp(at), last.processId);
      transition(last);
    },
  };
}

/** Exit 0: both streams in `output`; else apart. Empty is NULL. */
function columns(code: number, stdout: string, stderr: string) {
  if (code === 0) return { output: [stdout, stderr].filter(Boolean).join('\n') || null, error: null };
  return { output: stdout || null, error: stderr || null };
}
