import { join } from 'node:path';
import type { Layout } from './daemon.ts';

/** Requests that must be refused, one of each kind, with their codes. No path leads out of the daemon's own
 * directory. */
export function refusable({ folder, backups }: Layout): readonly (readonly [code: number, bytes: string])[] {
  const deletion = (path: unknown) => ({ cmd: 'delete_directory', args: { path } });
  const update = (...schedules: unknown[]) => ({ cmd: 'update_cron_schedules', args: { schedules } });
  const daily = { id: 1, backup_type: 'full', frequency: 'daily', enabled: true, hour: 1, minute: 1 };
  const bad: unknown[] = [
    {},
    { cmd: 7 },
    { cmd: 'restore_backup', args: {} },
    { cmd: 'delete_directory' },
    { cmd: 'delete_directory', args: [] },
    { cmd: 'cleanup_backups', args: { backup_ids: [] } },
    deletion(7),
    { cmd: 'cleanup_backups', args: { backup_ids: [], folders: [7] } },
    { cmd: 'update_cron_schedules', args: { schedules: {} } },
    update('daily'),
    update({ ...daily, hour: 24 }),
    update({ ...daily, minute: null }),
    update({ ...daily, frequency: 'yearly' }),
    update({ ...daily, enabled: 'yes' }),
  ];
  const forbidden: unknown[] = [
    deletion(join(folder, 'cron.d')),
    deletion(backups),
    deletion(`${backups}/../cron.d`),
    deletion(`${backups}/a\nb`),
    { cmd: 'cleanup_backups', args: { backup_ids: [], folders: [join(backups, 'a'), join(folder, 'log')] } },
  ];
  return [
    ...['no JSON', '[1]', '{"cmd":"delete_directory",}'].map((text) => [400, text] as const),
    ...bad.map((request) => [400, JSON.stringify(request)] as const),
    ...forbidden.map((request) => [403, JSON.stringify(request)] as const),
  ];
}
