/** The rows that are read of a command. */
export const STATES = ['pending', 'running', 'succeeded', 'failed'] as const;
export type State = (typeof STATES)[number];

/** A row without what its child printed. */
export interface Summary {
  readonly id: number;
  readonly command_id: string;
  readonly command: string;
  readonly pid: number | null;
  readonly status: string;
  readonly return_code: number | null;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly type: string;
  readonly args: string;
}

export interface Listed extends Summary {
  readonly state: State;
}

export interface ProcessRow extends Summary {
  readonly output: string | null;
  readonly error: string | null;
}

export interface Step {
  readonly from_state: string | null;
  readonly to_state: string;
  readonly event: string;
  readonly at: string;
  readonly why: string | null;
}

export interface AuditRow {
  readonly at: string;
  readonly event: string;
  readonly connection_id: string;
  readonly pid: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly cmd: string | null;
  readonly paths: readonly string[];
  readonly paths_left: number;
  readonly schedule_count: number | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly duration_ms: number | null;
  readonly security: string | null;
}

export interface CommandHistory {
  readonly process: ProcessRow;
  readonly state: State;
  readonly transitions: readonly Step[];
  readonly audit: readonly AuditRow[];
}

export interface Filter {
  readonly state?: State | undefined;
  readonly type?: string | undefined;
  /** As the table has times. */
  readonly since?: string | undefined;
  readonly limit: number;
}

/** A transition to an end; the row is missing if it was removed. */
export interface End extends Step {
  readonly transition: number;
  readonly command_id: string;
  readonly type: string | null;
  readonly command: string | null;
  readonly return_code: number | null;
  readonly start_time: string | null;
}
