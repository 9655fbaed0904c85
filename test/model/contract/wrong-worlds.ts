/** Worlds that violate the contract, with the complaint of the model. */
import type { Command, Reply, Request, Row, World } from './contract-model.ts';
import { fabricate, INTERRUPTED, removal, type Story } from './fabricated-story.ts';

export type Deed = (story: Story) => void;
/** `then` is done after the first check of the model. */
type Wrong = readonly [what: string, told: string, first: Deed, then?: Deed];

export const REMOVE_3: Command = { kind: 'delete', folder: 3 };
const FORBIDDEN: Request = { kind: 'bad', code: 403, bytes: '' };

export const all =
  (...deeds: Deed[]): Deed =>
  (story) => {
    for (const deed of deeds) deed(story);
  };
export const nothing = all();
export const hear =
  (request: Request, reply?: Reply): Deed =>
  ({ model }) =>
    model.hear(request, reply);
export const row =
  (id: string, change: Partial<Row>): Deed =>
  ({ rowOf }) =>
    void Object.assign(rowOf(id), change);
export const put =
  (one: Row): Deed =>
  ({ world }) =>
    void world.rows.push(one);
export const disk =
  (change: Partial<World>): Deed =>
  ({ world }) =>
    void Object.assign(world, change);

const HEARD: readonly Wrong[] = [
  ['silence', 'expected a reply, got silence', hear(REMOVE_3)],
  ['no room, and no end is near', 'expected a 202, got a 503', hear(REMOVE_3, { code: 503 })],
  [
    'what must be refused is accepted',
    'expected a 403, got a 202',
    hear(FORBIDDEN, { code: 202, id: 'remove 3' }),
  ],
  [
    'a 202 without an id',
    'expected the id of the command with its 202, got none',
    hear(REMOVE_3, { code: 202 }),
  ],
  [
    'a 202 with the id of another',
    'expected an id of its own, got remove 0 again',
    hear(REMOVE_3, { code: 202, id: 'remove 0' }),
  ],
];

const F0 = 'delete_directory: /bin/rm -rf /backups/f0 {"path":"/backups/f0"}';
const F3 = 'delete_directory: /bin/rm -rf /backups/f3 {"path":"/backups/f3"}';
const F1_F2 = 'cleanup_backups: /bin/rm -rf /backups/f1 /backups/f2 {"backup_ids":["f1","f2"]}';

const ON_RECORD: readonly Wrong[] = [
  [
    'a 202 without a row',
    'expected a row for the 202 with remove 3, got none',
    hear(REMOVE_3, { code: 202, id: 'remove 3' }),
  ],
  [
    'the wrong folder is deleted, and on record',
    `expected the row "${F0}", got "${F3}"`,
    all(
      row('remove 0', { command: '/bin/rm -rf /backups/f3', args: '{"path":"/backups/f3"}' }),
      disk({ folders: new Set([0, 4]) }),
    ),
  ],
  [
    'one folder is deleted, and another named',
    `expected the row "${F0}", got "delete_directory: /bin/rm -rf /backups/f3 {"path":"/backups/f0"}"`,
    row('remove 0', { command: '/bin/rm -rf /backups/f3' }),
  ],
  [
    'a cleanup of two folders knows only one',
    `expected the row "${F1_F2}", got "cleanup_backups: /bin/rm -rf /backups/f1 {"backup_ids":["f1","f2"]}"`,
    all(row('clean up', { command: '/bin/rm -rf /backups/f1' }), disk({ folders: new Set([2, 3, 4]) })),
  ],
  [
    'a cleanup is on record with other backups',
    `expected the row "${F1_F2}", got "${F1_F2.replace('"f1","f2"', '')}"`,
    row('clean up', { args: '{"backup_ids":[]}' }),
  ],
  [
    'a deletion is on record as a cleanup',
    `expected the row "${F0}", got "${F0.replace('delete_directory', 'cleanup_backups')}"`,
    row('remove 0', { type: 'cleanup_backups' }),
  ],
  [
    'an update is on record with another count of schedules',
    'expected the row "update_cron_schedules: /cron.d/dbcalm {"schedule_count":2}", ' +
      'got "update_cron_schedules: /cron.d/dbcalm {"schedule_count":3}"',
    row('update 1', { args: '{"schedule_count":3}' }),
  ],
  [
    'an update replaces another file',
    'expected the row "update_cron_schedules: /cron.d/dbcalm {"schedule_count":2}", ' +
      'got "update_cron_schedules: /cron.d/other {"schedule_count":2}"',
    row('update 1', { command: '/bin/mv -fT -- /cron.d/.dbcalm.x /cron.d/other' }),
  ],
  [
    'a command that nobody asked for',
    `expected no row that nobody asked for, got "${F3}"`,
    put(removal(6, 'remove 3', 3)),
  ],
  [
    'one that nobody heard of is carried out twice',
    `expected no row that nobody asked for, got "${F3}"`,
    all(({ model }) => model.doubt(REMOVE_3), put(removal(6, 'first', 3)), put(removal(7, 'second', 3))),
  ],
  [
    'what was refused is carried out',
    `expected no row that nobody asked for, got "${F3}"`,
    all(({ model }) => model.hear(REMOVE_3, { code: 503 }, true), put(removal(6, 'remove 3', 3))),
  ],
];

const RUNNING = { status: 'running', return_code: null, end_time: null };

const ENDS: readonly Wrong[] = [
  ['a command without an end', `expected an end of "${F0}", got running`, row('remove 0', RUNNING)],
  [
    'a status that no reader knows',
    'expected running, success or failed, got pending',
    row('remove 0', { status: 'pending' }),
  ],
  ['an end without its time', 'expected the time of its end, got none', row('remove 0', { end_time: null })],
  [
    'a success with the code of a failure',
    'expected the code 0 of a success, got 1',
    row('remove 0', { return_code: 1 }),
  ],
  [
    'a failure without a kill',
    `expected success, got failed: ${INTERRUPTED.error}`,
    row('remove 0', INTERRUPTED),
  ],
  [
    'a failure without a kill, of which nobody heard',
    `expected success, got failed: ${INTERRUPTED.error}`,
    all(({ model }) => model.doubt(REMOVE_3), put({ ...removal(6, 'remove 3', 3), ...INTERRUPTED })),
  ],
  [
    'a failure after a kill, for another reason',
    'expected to be told of the restart, got rm: no with code -1',
    row('remove 4', { error: 'rm: no' }),
  ],
  [
    'a failure after a kill, with the code of a child',
    `expected to be told of the restart, got ${INTERRUPTED.error} with code 1`,
    row('remove 4', { return_code: 1 }),
  ],
];

const ENDED = fabricate().rowOf('remove 0');
const insteadOfTheEnd = (change: Partial<Row>) =>
  `expected what ended to stay ${JSON.stringify(ENDED)}, got ${JSON.stringify({ ...ENDED, ...change })}`;
const LATER = { end_time: '2026-11-23 02:30:01.000000' };

const LASTING: readonly Wrong[] = [
  ['an end is undone', insteadOfTheEnd(RUNNING), nothing, row('remove 0', RUNNING)],
  ['an end comes twice', insteadOfTheEnd(LATER), nothing, row('remove 0', LATER)],
  [
    'a kill makes a failure of a success',
    insteadOfTheEnd(INTERRUPTED),
    nothing,
    all(({ model }) => model.kill(), row('remove 0', INTERRUPTED)),
  ],
  [
    'what ended is struck off the record',
    `expected what ended to stay ${JSON.stringify(fabricate().rowOf('update 2'))}, got no row`,
    nothing,
    ({ world, rowOf }) => void world.rows.splice(world.rows.indexOf(rowOf('update 2')), 1),
  ],
];

const ON_DISK: readonly Wrong[] = [
  [
    'the wrong folder is deleted, and the right one on record',
    'expected folder 0 to be gone, got it still there',
    disk({ folders: new Set([0, 4]) }),
  ],
  [
    'a cleanup leaves one of two folders',
    'expected folder 2 to be gone, got it still there',
    disk({ folders: new Set([2, 3, 4]) }),
  ],
  [
    'a folder is gone that nobody named',
    'expected folder 3, which nobody named, to be there, got it gone',
    disk({ folders: new Set([4]) }),
  ],
  [
    'the last update is lost',
    'expected the cron file of update 2, got 1',
    disk({ cronFile: { update: 1, mode: 0o644 } }),
  ],
  [
    'two updates succeeded and there is no file',
    'expected the cron file of update 2, got none',
    disk({ cronFile: undefined }),
  ],
  [
    'no update succeeded and there is a file',
    'expected no cron file, got that of update 2',
    all(row('update 1', INTERRUPTED), row('update 2', INTERRUPTED)),
  ],
  [
    'half a cron file',
    'expected the whole cron file of an update, got another',
    disk({ cronFile: { update: undefined, mode: 0o644 } }),
  ],
  [
    'a cron file for root alone',
    'expected the cron file with mode 644, got 600',
    disk({ cronFile: { update: 2, mode: 0o600 } }),
  ],
  [
    'a temp file is left',
    'expected nothing beside the cron file, got .dbcalm.x',
    disk({ litter: ['.dbcalm.x'] }),
  ],
];

export const WRONG: readonly Wrong[] = [...HEARD, ...ON_RECORD, ...ENDS, ...LASTING, ...ON_DISK];
