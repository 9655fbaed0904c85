import type { Static, TObject } from 'typebox';
import type { CronLogs } from '../io/fs/cron-logs.ts';
import type { Refusal } from '../io/socket/reply.ts';

/** What a command may know of the daemon's configuration. */
export interface CommandSettings {
  readonly projectName: string;
  readonly cronFile: string;
  /** Where the log files of the cron file's lines are made; the lines themselves name `/var/log/<projectName>`. */
  readonly cronLogDirectory: string;
  readonly deletionRoots: readonly string[];
  /** Those of them that are used although others can exchange them. */
  readonly unsafeRoots: readonly string[];
  /** What the daemon needs itself: database, sockets, logs, cron file, config. */
  readonly ownFiles: readonly string[];
}

/** When a request was complete, and the id of its connection, which also names the temp file of its command. */
export interface Stamp {
  readonly at: Date;
  readonly id: string;
}

/** A new file takes the place of `target`. It is staged in the same directory, under a name that holds `id`. */
export interface ReplaceStep {
  readonly do: 'replace';
  readonly target: string;
  readonly id: string;
  readonly content: string;
  /** The files that the lines of `content` append to. */
  readonly logs: CronLogs;
}

/** The one thing that a plan does. All paths are absolute and normalised. */
export type Step =
  | { readonly do: 'remove'; readonly paths: readonly string[] }
  | ReplaceStep
  | { readonly do: 'execute'; readonly file: string; readonly args: readonly string[] };

/** The effects of a validated command, and the fields that are recorded of it. It is frozen, so exactly the plan that was
 * checked runs. */
export interface Plan {
  /** `process.type` */
  readonly type: string;
  /** `process.command`: the argv joined by spaces */
  readonly command: string;
  /** `process.args` */
  readonly args: Readonly<Record<string, unknown>>;
  /** The paths it changes. Plans whose paths are equal or nested run one after the other. */
  readonly touches: readonly string[];
  /** `undefined`: there is nothing to do, the process succeeds at once. */
  readonly step: Step | undefined;
  /** Warnings for the operator; the command is accepted all the same. */
  readonly warnings: readonly string[];
}

/** A whitelisted command: pure, from a request to a plan. */
export interface Command<S extends TObject = TObject> {
  readonly name: string;
  /** The arguments, in the order in which a missing one is reported. A property's `must` ends "<name> must be …". */
  readonly schema: S;
  /** The rules with messages of their own; they see the arguments before the schema is checked. */
  readonly rules?: (args: Record<string, unknown>) => string | undefined;
  /** Refuses what is well formed but not allowed. */
  readonly permit?: (args: Static<S>, settings: CommandSettings) => Refusal | undefined;
  readonly plan: (args: Static<S>, settings: CommandSettings, stamp: Stamp) => Plan;
}

/** Keeps the schema's type while a command goes into the whitelist. */
export function defineCommand<S extends TObject>(command: Command<S>): Command {
  return command as unknown as Command;
}
