import { posix } from 'node:path';
import * as Type from 'typebox';
import { stagedName } from '../io/fs/names.ts';
import { defineCommand } from './command.ts';
import { crontab, crontabLines } from './cron/crontab.ts';
import { MAX_LINES } from './cron/crontab-reader.ts';
import { checkSchedules, Schedule } from './cron/schedule.ts';

/** A longer file would be put in place, and cron would then run none of its jobs. */
function tooLong(schedules: readonly Schedule[]): string | undefined {
  const lines = crontabLines(schedules);
  if (lines <= MAX_LINES) return undefined;
  return `schedules must make a cron file of at most ${MAX_LINES} lines, not ${lines}: cron would ignore all of it`;
}

/** `update_cron_schedules`: replaces the cron file as a whole. */
export const updateCronSchedules = defineCommand({
  name: 'update_cron_schedules',
  schema: Type.Object({ schedules: Type.Array(Schedule, { must: 'a list' }) }),
  rules: ({ schedules }) => checkSchedules(schedules) ?? tooLong(schedules as Schedule[]),
  plan: ({ schedules }, { projectName, cronFile, cronLogDirectory: directory }, { at, id }) => {
    const { content, warnings, logs: names } = crontab(schedules, projectName, at);
    const staged = posix.join(posix.dirname(cronFile), stagedName(cronFile, id));
    return {
      type: 'update_cron_schedules',
      command: `/bin/mv -fT -- ${staged} ${cronFile}`,
      args: { schedule_count: schedules.length },
      touches: [cronFile],
      step: { do: 'replace', target: cronFile, id, content, logs: { directory, names } },
      warnings,
    };
  },
});
