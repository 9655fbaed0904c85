/** Whether a stop of the other services of DBCalm leaves our sockets. */
import { dirname, relative } from 'node:path';
import type { Config } from '../../io/config-schema.ts';
import { readUnit } from '../../io/unit-file.ts';
import { type Finding, Notes } from './finding.ts';

const SIBLINGS = ['dbcalm-api', 'dbcalm-db-cmd'];

/** What is set right is not told of. */
export function siblingFindings({ socket_path }: Config, folders?: readonly string[]): Finding[] {
  const shared = relative('/run', dirname(socket_path.replace(/^\/var\/run\//, '/run/')));
  return SIBLINGS.flatMap((name) => {
    const unit = readUnit(folders, `${name}.service`);
    if (!unit || unit.masked) return [];
    const made = (unit.settings.get('RuntimeDirectory') ?? []).flatMap((value) => value.split(/\s+/));
    const preserve = unit.settings.get('RuntimeDirectoryPreserve')?.at(-1)?.toLowerCase() ?? 'no';
    if (!made.includes(shared) || !['no', 'false', 'off', '0', 'restart'].includes(preserve)) return [];
    return [
      new Notes('sibling', unit.path).warning(
        `a stop of ${name} removes /run/${shared}, and our socket with it`,
        `set RuntimeDirectoryPreserve=yes in a drop-in (systemctl edit ${name})`,
      ),
    ];
  });
}
