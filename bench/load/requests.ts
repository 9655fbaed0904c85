/** What is sent. Paths are below the folder of the one who is sent it, also where they are refused. */
import { join } from 'node:path';

export const deletionOf = (backups: string): string =>
  JSON.stringify({ cmd: 'delete_directory', args: { path: join(backups, 'missing-%n') } });

/** Understood, and refused for what it lacks. */
export const REFUSABLE = JSON.stringify({ cmd: 'delete_directory', args: {} });

/** Accepted, and there is nothing to do. */
export const EMPTY_CLEANUP = JSON.stringify({
  cmd: 'cleanup_backups',
  args: { backup_ids: null, folders: null },
});

/** Five schedules; the first tells the updates apart. */
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

/** As many folders as fit into the largest request. */
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
