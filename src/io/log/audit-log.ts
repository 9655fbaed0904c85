import type { Accounts } from '../config/accounts.ts';
import type { AuditEntry } from './audit.ts';
import { type LogSettings, openLog } from './log.ts';

export interface AuditLog {
  /** One JSON line; control characters are escaped. */
  write(entry: AuditEntry): void;
  reopen(): Promise<void>;
  /** Why lines go elsewhere than to the file; undefined where they do not. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

/** More than what all commands of a full queue can say while the disk is slow. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

export interface AuditLogSettings extends Pick<LogSettings, 'file' | 'fields'> {
  readonly accounts: Pick<Accounts, 'userName' | 'groupName'>;
  /** The audit log has entries alone: what is wrong with its place belongs into the other log. */
  readonly warn: NonNullable<LogSettings['warn']>;
}

/** A file of its own, append only; stderr, while other users keep its place occupied. Throws AUDIT_UNWRITABLE. */
export async function openAuditLog({ accounts, ...settings }: AuditLogSettings): Promise<AuditLog> {
  const own = { level: 'info', maxHeldBytes: MAX_HELD_BYTES, failure: 'AUDIT_UNWRITABLE' } as const;
  const log = await openLog({ ...settings, ...own });
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
    trouble: () => log.trouble(),
    close: () => log.close(),
  };
}
