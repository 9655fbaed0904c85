/** The commands of the scenarios: the request, and the state of the disk after a success and after a failure. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../../support/daemon.ts';
import { schedulesOf, updateIn } from '../../support/schedules.ts';
import type { Kind, Scenario } from './process-scenario.ts';

export interface Order {
  readonly request: object;
  readonly isInPlace: () => boolean;
  /** Makes the paths deletable again. */
  readonly undo: () => void;
}

/** The directory of the deletion that is held in the middle, which a path requests in any case. */
export const HELD = 'b1';
/** One more than the directories that one `rm` holds open. */
const MANY = 65;
/** More than the daemon searches in a row. */
const ABSENT = 501;

export function orderOf({ kind, failing }: Scenario, at: Layout): Order {
  const folders = foldersOf(kind, at);
  const undeletable = failing.map((part) => folders[part === 0 ? 0 : folders.length - 1] as string);
  if (kind !== 'absent') for (const folder of folders) mkdirSync(join(folder, 'inner'), { recursive: true });
  for (const folder of undeletable) execFileSync('chattr', ['+i', folder]);
  return {
    request: requestOf(kind, folders),
    isInPlace: () =>
      kind === 'update'
        ? updateIn(readFileSync(at.cronFile, 'utf8')) === 1
        : !folders.some((folder) => existsSync(folder)),
    undo: () => {
      for (const folder of undeletable.splice(0)) execFileSync('chattr', ['-i', folder]);
    },
  };
}

function foldersOf(kind: Kind, { backups }: Layout): string[] {
  const each = (count: number) =>
    Array.from({ length: count }, (_, index) => join(backups, `p${index}`, 'b'));
  switch (kind) {
    case 'deletion':
      return [join(backups, HELD)];
    case 'many':
      return each(MANY);
    case 'absent':
      return each(ABSENT);
    case 'nothing':
    case 'update':
      return [];
  }
}

function requestOf(kind: Kind, folders: readonly string[]): object {
  if (kind === 'update') return { cmd: 'update_cron_schedules', args: { schedules: schedulesOf(1) } };
  if (kind === 'deletion') return { cmd: 'delete_directory', args: { path: folders[0] } };
  return { cmd: 'cleanup_backups', args: { backup_ids: null, folders: kind === 'nothing' ? null : folders } };
}
