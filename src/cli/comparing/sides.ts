/** What the two daemons say to the same request. */

import { setTimeout as wait } from 'node:timers/promises';
import type { DryRun } from '../../actors/admin/dry-runs.ts';
import { exchange } from '../../client.ts';
import { messageOf } from '../../errors.ts';
import { askDryRun } from '../../io/admin/client.ts';
import { readPresentFile } from '../../io/fs/read-if-exists.ts';
import { type OldRow, oldRow } from '../../io/history/legacy.ts';
import { unanswered } from '../unanswered.ts';

export interface Side {
  /** Undefined: there was no reply, `message` says why. */
  readonly code: number | undefined;
  readonly message: string | undefined;
  /** The command that is run, where it is known and both sides write it in the same form. */
  readonly command: string | undefined;
  /** The text of the cron file, where it was updated and is known. */
  readonly cron: string | undefined;
}

/** Where, beside its socket, the old daemon can be watched. */
export interface OldPlaces {
  readonly socket: string;
  readonly database: string | undefined;
  readonly cronFile: string | undefined;
}

/** Of ours, in a dry run. */
export async function askOurs(adminSocket: string, request: Buffer): Promise<Side> {
  const found = (await askDryRun(adminSocket, request).catch((error: unknown) => {
    throw unanswered(adminSocket, error);
  })) as DryRun;
  const { code, message, plan } = found;
  const cron = plan?.cron?.after;
  return { code, message, command: cron === undefined ? plan?.command : undefined, cron };
}

interface OldReply {
  readonly code?: number;
  readonly status?: string;
  readonly message?: string;
  readonly id?: string;
}

/** Of the old one, which carries it out. */
export async function askOld({ socket, database, cronFile }: OldPlaces, request: Buffer): Promise<Side> {
  let reply: OldReply;
  try {
    reply = (await exchange(request, { socketPath: socket })) as OldReply;
  } catch (error) {
    return { code: undefined, message: messageOf(error), command: undefined, cron: undefined };
  }
  const { code, id } = reply;
  const row = database !== undefined && id !== undefined ? await ended(database, id) : undefined;
  const isCron = row?.type === 'update_cron_schedules';
  const cron = isCron && cronFile !== undefined ? (await readPresentFile(cronFile)).text : undefined;
  return { code, message: messageIn(reply), command: isCron ? undefined : row?.command, cron };
}

/** The Python daemon has it in the place of the status. */
function messageIn({ code, status, message }: OldReply): string | undefined {
  return message ?? (code === 202 ? undefined : status);
}

/** The old daemons record after they reply, and what they write is there at the end only. */
const ROW_LIMIT = 60_000;
const PAUSE = 50;

async function ended(database: string, id: string): Promise<OldRow | undefined> {
  const deadline = Date.now() + ROW_LIMIT;
  for (;;) {
    const row = oldRow(database, id);
    if ((row && row.status !== 'running') || Date.now() > deadline) return row;
    await wait(PAUSE);
  }
}
