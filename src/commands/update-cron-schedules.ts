import { posix } from 'node:path';
import { Type } from 'typebox';
import { defineCommand } from './command.ts';
import { crontab } from './crontab.ts';
import { checkSchedules, Schedule } from './schedule.ts';

/** `update_cron_schedules`: replaces the cron file as a whole. */
export const updateCronSchedules = defineCommand({
  name: 'update_cron_schedules',
  schema: Type.Object({ schedules: Type.Array(Schedule, { must: 'a list' }) }),
  rules: ({ schedules }) => checkSchedules(schedules),
  plan: ({ schedules }, { projectName, cronFile }, { at, id }) => {
    const { content, warnings } = crontab(schedules, projectName, at);
    // cron ignores names that hold a dot.
    const staged = posix.join(posix.dirname(cronFile), `.${posix.basename(cronFile)}.${id}`);
    return {
      type: 'update_cron_schedules',
      command: `/bin/mv -fT -- ${staged} ${cronFile}`,
      args: { schedule_count: schedules.length },
      touches: [cronFile],
      step: { do: 'replace', target: cronFile, staged, content },
      warnings,
    };
  },
});
