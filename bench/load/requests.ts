/** The requests. Paths are below the directory of the measured daemon, also in those that it refuses. */
import { join } from 'node:path';

export const deletionOf = (backups: string): string =>
  JSON.stringify({ cmd: 'delete_directory', args: { path: join(backups, 'missing-%n') } });

/** A request that is understood, and refused for a missing argument. */
export const REFUSABLE = JSON.stringify({ cmd: 'delete_directory', args: {} });

/** A request that is accepted and has nothing to do. */
export const EMPTY_CLEANUP = JSON.stringify({
  cmd: 'cleanup_backups',
  args: { backup_ids: null, folders: null },
});

/** Five schedules. The id of the first distinguishes the updates. */
export const CRON_UPDATE = JSON.stringify({
  cmd: 'update_cron_schedules',
  args: {
    schedules: ['%n', 1, 2, 3, 4].map((id) => ({
      id,
      backup_type: 'full',
      frequency: 'daily',
      enabled: true,
      hour: 2,
      minute: 30,
    })),
  },
}).replace('"%n"', '%n');

const MAX_REQUEST_BYTES = 1_048_576;

/** Returns a cleanup of as many directories as fit into the largest request. */
export function hugeCleanupOf(backups: string): string {
  const [head, tail] = ['{"cmd":"cleanup_backups","args":{"backup_ids":null,"folders":[', ']}}'];
  const folders: string[] = [];
  let room = MAX_REQUEST_BYTES - head.length - tail.length;
  for (let n = 0; ; n++) {
    const folder = JSON.stringify(join(backups, `missing-${String(n).padStart(6, '0')}`));
    room -= folder.length + 1;
    if (room < 0) return head + folders.join(',') + tail;
    folders.push(folder);
  }
}
