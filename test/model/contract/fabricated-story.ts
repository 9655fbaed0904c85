import { type Command, ContractModel, type Row, type World } from './contract-model.ts';

type Changeable<T> = { -readonly [Key in keyof T]: T[Key] };

export interface Story {
  readonly model: ContractModel;
  readonly world: Changeable<World> & { readonly rows: Changeable<Row>[] };
  readonly rowOf: (id: string) => Changeable<Row>;
}

/** The end of a command whose daemon was killed. */
export const INTERRUPTED = {
  status: 'failed',
  return_code: -1,
  error: 'interrupted by a restart of the daemon',
} as const;

/** The row of a success. */
const rowOfSuccess = (id: number, name: string, type: string, command: string, args: object): Row => ({
  id,
  command_id: name,
  type,
  command,
  args: JSON.stringify(args),
  status: 'success',
  return_code: 0,
  error: null,
  end_time: '2026-11-23 02:30:00.000000',
});

export const removal = (id: number, name: string, folder: number): Row => {
  const path = `/backups/f${folder}`;
  return rowOfSuccess(id, name, 'delete_directory', `/bin/rm -rf ${path}`, { path });
};

const replacement = (id: number, name: string, schedule_count: number): Row => {
  const mv = '/bin/mv -fT -- /cron.d/.dbcalm.x /cron.d/dbcalm';
  return rowOfSuccess(id, name, 'update_cron_schedules', mv, { schedule_count });
};

/** A story without a flaw. The deletion of directory 4 was accepted, and two updates were sent, the second without a
 * reply; then the daemon was killed. Afterwards directory 0 was deleted, and directories 1 and 2 were cleaned up. No
 * request named directory 3. */
export function fabricate(): Story {
  const model = new ContractModel({ backups: '/backups', cronFile: '/cron.d/dbcalm' });
  const accept = (id: string, command: Command) => model.hear(command, { code: 202, id });
  model.folders = 5;
  accept('remove 4', { kind: 'delete', folder: 4 });
  accept('update 1', { kind: 'update', update: 1, schedules: 2 });
  model.doubt({ kind: 'update', update: 2, schedules: 3 });
  model.kill();
  accept('remove 0', { kind: 'delete', folder: 0 });
  accept('clean up', { kind: 'cleanup', folders: [1, 2] });

  const cleanUp = '/bin/rm -rf /backups/f1 /backups/f2';
  const rows: Changeable<Row>[] = [
    { ...removal(1, 'remove 4', 4), ...INTERRUPTED },
    replacement(2, 'update 1', 2),
    replacement(3, 'update 2', 3),
    removal(4, 'remove 0', 0),
    rowOfSuccess(5, 'clean up', 'cleanup_backups', cleanUp, { backup_ids: ['f1', 'f2'] }),
  ];
  const rowOf = (id: string) => rows.find(({ command_id }) => command_id === id) as Row;
  const world = { rows, folders: new Set([3, 4]), cronFile: { update: 2, mode: 0o644 }, litter: [] };
  return { model, world, rowOf };
}
