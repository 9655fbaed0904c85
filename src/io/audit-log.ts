import type { Accounts } from './accounts.ts';
import type { AuditEntry } from './audit.ts';
import { type LogSettings, openLog } from './log.ts';

export interface AuditLog {
  /** One JSON line; control characters are escaped. */
  write(entry: AuditEntry): void;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** More than what all commands of a full queue can say while the disk is slow. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

/** A file of its own, append only. Throws LOG_OCCUPIED and AUDIT_UNWRITABLE. */
export async function openAuditLog(
  file: string,
  accounts: Pick<Accounts, 'userName' | 'groupName'>,
  fields: NonNullable<LogSettings['fields']> = {},
): Promise<AuditLog> {
  const settings = { file, level: 'info', maxHeldBytes: MAX_HELD_BYTES, fields };
  const log = await openLog({ ...settings, failure: 'AUDIT_UNWRITABLE' });
  log.leaveStderr();
  return {
    write: ({ at, peer, ...entry }) => {
      const { known, ...who } = peer;
      const names = peer.known
        ? { user: accounts.userName(peer.uid) ?? null, group: accounts.groupName(peer.gid) ?? null }
        : {};
      log.logger.info({ at, ...entry, peer: { known, ...who, ...names } });
    },
    reopen: () => log.reopen(),
    close: () => log.close(),
  };
}
