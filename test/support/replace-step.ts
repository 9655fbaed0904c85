import { join } from 'node:path';
import type { ReplaceStep } from '../../src/commands/command.ts';

/** The step of a cron update whose file is `dbcalm` in `directory`, with its log files in `log` there. */
export function replaceStep(directory: string, content = ''): ReplaceStep {
  return {
    do: 'replace',
    target: join(directory, 'dbcalm'),
    id: 'x',
    content,
    logs: { directory: join(directory, 'log'), names: ['cleanup.log'] },
  };
}
