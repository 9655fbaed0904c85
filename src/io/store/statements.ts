import type Database from 'better-sqlite3';
import type { ProcessIdentity } from '../child/identity.ts';
import { isId } from '../fs/names.ts';
import { type AuditEntry, acceptedEntry, endedEntry } from '../log/audit.ts';
import type { ProjectedRow } from '../shared-database/tables.ts';
import type { Accepted, CommandText, Outcome, Retention, Transition, Unsettled } from './records.ts';
import { timestamp } from './timestamp.ts';
import { type UnsettledRow, unsettledFrom } from './unsettled-row.ts';

/** Old rows are looked for once in so many transitions and audit entries, and so many are removed then: faster than they come. */
const PRUNE_EVERY_COUNT = 100;
const PRUNE_BATCH_COUNT = 1_000;

/** Longer texts are cut in the journal: the request and the shared table have them whole. */
const MAX_TEXT_LENGTH = 4_096;

/** The largest request that a client can send. */
const MAX_REQUEST_BYTES = 1_048_576;

/** The statements of the journal, each a synchronous write within a transaction of the caller's. */
export type Tables = ReturnType<typeof prepareTables>;

/** A row of the shared table as the journal has it. */
export interface Projection {
  /** The id of the row in the shared table when it was last written there. */
  readonly sharedId: number;
  /** `command` and `args` may be cut. */
  readonly row: ProjectedRow;
  /** The row with its whole texts; takes as long as it takes to plan its request. */
  readonly complete: () => ProjectedRow;
}

export interface TablesOptions {
  readonly retention: Retention;
  /** The texts of a command whose own are cut, from its request. */
  readonly describe: (
    unsettled: Pick<Unsettled, 'request' | 'acceptedAt' | 'connectionId'>,
  ) => CommandText | undefined;
}

export function prepareTables(database: Database.Database, { retention, describe }: TablesOptions) {
  const insert = database.prepare(
    `INSERT INTO process (command_id, command, pid, status, start_time, type, args)
     VALUES (?, ?, 0, 'running', ?, ?, ?)`,
  );
  const open = database.prepare(
    `INSERT OR REPLACE INTO cmd_unsettled (process_id, command_id, connection_id, peer, request, accepted_at, state)
     VALUES (?, ?, ?, ?, ?, ?, 'pending')`,
  );
  // By both ids: in a journal that was replaced the number may be that of another command.
  const pid = database.prepare('UPDATE process SET pid = ? WHERE id = ? AND command_id = ?');
  const finish = database.prepare(
    `UPDATE process SET status = ?, output = ?, error = ?, return_code = ?, end_time = ?
     WHERE id = ? AND command_id = ?`,
  );
  const identify = database.prepare(
    'UPDATE cmd_unsettled SET pid = ?, pid_start = ?, boot_id = ? WHERE process_id = ? AND command_id = ?',
  );
  const begin = database.prepare(
    "UPDATE cmd_unsettled SET state = 'running', tries = 0 WHERE process_id = ? AND command_id = ?",
  );
  const attempt = database.prepare(
    'UPDATE cmd_unsettled SET tries = tries + 1 WHERE process_id = ? AND command_id = ?',
  );
  const trust = database.prepare('UPDATE cmd_unsettled SET tries = 0 WHERE process_id = ?');
  const settle = database.prepare('DELETE FROM cmd_unsettled WHERE process_id = ? AND command_id = ?');
  const unsettled = database.prepare<[], UnsettledRow>(
    `SELECT u.process_id, u.command_id, u.connection_id, u.peer, u.accepted_at, u.state, u.tries, u.pid, u.pid_start, u.boot_id,
       CASE WHEN octet_length(u.request) <= ${MAX_REQUEST_BYTES} THEN u.request ELSE '' END AS request,
       coalesce(p.type, '') AS type, coalesce(p.command, '') AS command
     FROM cmd_unsettled u LEFT JOIN process p ON p.id = u.process_id AND p.command_id = u.command_id
     ORDER BY u.process_id`,
  );
  const transitionInsert = database.prepare(
    `INSERT INTO cmd_transition (process_id, command_id, from_state, to_state, event, at, why)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  // Ids ascend with time: only the oldest are looked at, however many there are.
  const prunings = [
    pruning('cmd_transition', 'at'),
    pruning('cmd_audit', 'at'),
    pruning(
      'process',
      'start_time',
      'AND id NOT IN (SELECT process_id FROM cmd_unsettled) AND id NOT IN (SELECT process_id FROM cmd_projection)',
    ),
  ].map((sql) => database.prepare(sql));
  const insertAudit = database.prepare(
    `INSERT INTO cmd_audit (at, event, command_id, connection_id, pid, uid, gid, cmd, paths, paths_left,
       schedule_count, outcome, reason, duration_ms, security, repeated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const project = database.prepare(
    'INSERT OR REPLACE INTO cmd_projection (process_id, shared_id, request) VALUES (?, ?, ?)',
  );
  const keepRequest = database.prepare(
    `UPDATE cmd_projection SET request = (SELECT request FROM cmd_unsettled u WHERE u.process_id = cmd_projection.process_id)
     WHERE process_id = ?`,
  );
  const moveProjection = database.prepare('UPDATE cmd_projection SET shared_id = ? WHERE process_id = ?');
  const forgetProjection = database.prepare('DELETE FROM cmd_projection WHERE process_id = ?');
  const shorten = database.prepare(
    `UPDATE process SET output = substr(output, 1, ${MAX_TEXT_LENGTH}), error = substr(error, 1, ${MAX_TEXT_LENGTH})
     WHERE id = ? AND (length(output) > ${MAX_TEXT_LENGTH} OR length(error) > ${MAX_TEXT_LENGTH})`,
  );
  const projections = database.prepare('SELECT process_id FROM cmd_projection ORDER BY process_id').pluck();
  const projection = database.prepare<[number], ProjectionRow>(
    `SELECT j.shared_id, p.command_id, p.command, coalesce(p.pid, 0) AS pid, p.status, p.output, p.error, p.return_code,
       p.start_time, p.end_time, p.type, p.args, coalesce(j.request, u.request) AS request, u.connection_id
     FROM cmd_projection j JOIN process p ON p.id = j.process_id
     LEFT JOIN cmd_unsettled u ON u.process_id = j.process_id WHERE j.process_id = ?`,
  );
  const revocations = [
    'process WHERE id',
    'cmd_unsettled WHERE process_id',
    'cmd_projection WHERE process_id',
  ].map((where) => database.prepare(`DELETE FROM ${where} = ?`));
  const revokeTransitions = database.prepare('DELETE FROM cmd_transition WHERE process_id = ?');
  const revokeAudit = database.prepare('DELETE FROM cmd_audit WHERE command_id = ?');
  let untilPruning = 1;

  const prune = (now: Date): void => {
    if (--untilPruning > 0) return;
    untilPruning = PRUNE_EVERY_COUNT;
    const oldest = timestamp(new Date(now.getTime() - retention.maxAgeMs));
    for (const statement of prunings) statement.run(oldest, retention.maxCount);
  };
  const audit = (entry: AuditEntry): void => {
    const { peer } = entry;
    const who = peer.known ? [peer.pid, peer.uid, peer.gid] : [null, null, null];
    const what = [entry.cmd, JSON.stringify(entry.paths), entry.paths_left, entry.schedule_count];
    const end = [entry.outcome, entry.reason, entry.duration_ms, entry.security, entry.repeated];
    insertAudit.run(
      timestamp(entry.at),
      entry.event,
      entry.command_id,
      entry.connection_id,
      ...who,
      ...what,
      ...end,
    );
    prune(entry.at);
  };
  const transition = ({ processId, commandId, from, to, event, at, why }: Transition): void => {
    transitionInsert.run(processId, commandId, from, to, event, timestamp(at), why ?? null);
    prune(at);
  };
  const record = ({ commandId, command, type, args, at }: Accepted): number => {
    const argsText = JSON.stringify(args);
    const { lastInsertRowid } = insert.run(
      commandId,
      cutText(command),
      timestamp(at),
      type,
      argsText.length > MAX_TEXT_LENGTH ? '{}' : argsText,
    );
    return Number(lastInsertRowid);
  };

  return {
    /** `project` is to follow. */
    accept(accepted: Accepted): number {
      const { commandId, connectionId, peer, request, at } = accepted;
      const processId = record(accepted);
      open.run(processId, commandId, connectionId, JSON.stringify(peer), request, at.toISOString());
      transition({ processId, commandId, from: null, to: 'pending', event: 'process.requested', at });
      audit(acceptedEntry(accepted));
      return processId;
    },
    /** `sharedId`: the id of its row in the shared table. */
    project(processId: number, sharedId: number): void {
      project.run(processId, sharedId, null);
    },
    /** Takes back a command that was not announced. */
    revoke(processId: number, commandId: string): void {
      for (const statement of revocations) statement.run(processId);
      revokeTransitions.run(processId);
      revokeAudit.run(commandId);
    },
    start(started: Transition): void {
      begin.run(started.processId, started.commandId);
      transition(started);
    },
    spawned(processId: number, commandId: string, child: ProcessIdentity): void {
      pid.run(child.pid, processId, commandId);
      identify.run(child.pid, child.start, child.bootId, processId, commandId);
    },
    audit,
    /** Returns the id of the process: another one where its row had gone with a journal that was replaced. */
    end(last: Transition, outcome: Outcome, accepted: Accepted): number {
      const { code, stdout, stderr, at } = outcome;
      const { output, error } = columns(code, stdout, stderr);
      const values = [code === 0 ? 'success' : 'failed', output, error, code, timestamp(at)];
      let { processId } = last;
      const { commandId } = last;
      if (finish.run(...values, processId, commandId).changes === 0) {
        processId = record(accepted);
        project.run(processId, 0, isCut(accepted) ? accepted.request : null);
        finish.run(...values, processId, commandId);
      } else if (isCut(accepted)) keepRequest.run(processId);
      settle.run(last.processId, commandId);
      transition({ ...last, processId });
      audit(endedEntry(accepted, outcome, last.why));
      return processId;
    },
    recover(recovered: Transition): void {
      attempt.run(recovered.processId, recovered.commandId);
      transition(recovered);
    },
    /** The number in the header of the file is written there again. */
    probe(): void {
      database.pragma(`user_version = ${database.pragma('user_version', { simple: true })}`);
    },
    trust(processIds: readonly number[]): void {
      for (const processId of processIds) trust.run(processId);
    },
    unsettled(): Unsettled[] {
      const rows = unsettled.all();
      for (const row of rows) {
        if (isId(row.command_id)) continue;
        finish.run('failed', null, DAMAGED, -1, timestamp(), row.process_id, row.command_id);
        settle.run(row.process_id, row.command_id);
      }
      return rows.filter((row) => isId(row.command_id)).map(unsettledFrom);
    },
    /** Processes whose row may not be in the shared table, or may be lost there by a power cut. */
    projections: (): number[] => projections.all() as number[],
    /** Undefined where the journal does not know it any more. */
    projection(processId: number): Projection | undefined {
      const found = projection.get(processId);
      if (!found) return undefined;
      const { shared_id: sharedId, request, connection_id: connectionId, ...row } = found;
      const complete = () => {
        if (request === null || !isCut({ request })) return row;
        const acceptedAt = new Date(`${row.start_time.slice(0, 23).replace(' ', 'T')}Z`);
        return { ...row, ...describe({ request, acceptedAt, connectionId: connectionId ?? '' }) };
      };
      return { sharedId, row, complete };
    },
    moveProjection(processId: number, sharedId: number): void {
      moveProjection.run(sharedId, processId);
    },
    /** The rows of these are on the disk of the shared database, with their ends. */
    forgetProjections(processIds: readonly number[]): void {
      for (const processId of processIds) {
        forgetProjection.run(processId);
        shorten.run(processId);
      }
    },
  };
}

const DAMAGED = 'the record of this command is damaged';

/** Removes old rows of a table of the journal. */
function pruning(table: string, time: string, unless = ''): string {
  return `DELETE FROM ${table} WHERE id IN (
    SELECT id FROM (SELECT id, ${time} AS at FROM ${table} ORDER BY id LIMIT ${PRUNE_BATCH_COUNT})
    WHERE (at < ? OR id <= (SELECT max(id) FROM ${table}) - ?) ${unless})`;
}

function isCut({ request }: Pick<Accepted, 'request'>): boolean {
  return request.length > MAX_TEXT_LENGTH;
}

function cutText(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  return `${text.slice(0, MAX_TEXT_LENGTH)} … (${text.length} characters)`;
}

interface ProjectionRow extends ProjectedRow {
  readonly shared_id: number;
  readonly request: string | null;
  readonly connection_id: string | null;
}

/** Exit 0: both streams in `output`; else apart. Empty is NULL. */
function columns(code: number, stdout: string, stderr: string) {
  if (code === 0) return { output: [stdout, stderr].filter(Boolean).join('\n') || null, error: null };
  return { output: stdout || null, error: stderr || null };
}
