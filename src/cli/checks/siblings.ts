/** Whether a start and a stop of the other services of DBCalm leave our sockets. */
import { dirname, relative } from 'node:path';
import type { Config } from '../../io/config/schema.ts';
import { readUnit } from '../../io/systemd/unit-file.ts';
import { type Finding, Notes } from './finding.ts';

const SIBLINGS = ['dbcalm-api', 'dbcalm-db-cmd'];

/** Returns findings only for units whose setting is wrong. */
export function siblingFindings({ socket_path }: Config, folders?: readonly string[]): Finding[] {
  const shared = relative('/run', dirname(socket_path.replace(/^\/var\/run\//, '/run/')));
  return SIBLINGS.flatMap((name) => {
    const unit = readUnit(folders, `${name}.service`);
    if (!unit || unit.masked) return [];
    const made = (unit.settings.get('RuntimeDirectory') ?? []).flatMap((value) => value.split(/\s+/));
    const preserve = unit.settings.get('RuntimeDirectoryPreserve')?.at(-1)?.toLowerCase() ?? 'no';
    if (!made.includes(shared)) return [];
    const notes = new Notes('sibling', unit.path);
    const last = (key: string) => unit.settings.get(key)?.at(-1);
    const removes = ['no', 'false', 'off', '0', 'restart'].includes(preserve);
    const takes = !isSticky(last('RuntimeDirectoryMode')) || !['root', '0'].includes(last('User') ?? 'root');
    return [
      ...(removes
        ? [
            notes.warning(
              `a stop of ${name} removes /run/${shared}, and our socket with it`,
              `set RuntimeDirectoryPreserve=yes in a drop-in (systemctl edit ${name})`,
            ),
          ]
        : []),
      ...(takes
        ? [
            notes.warning(
              `a start of ${name} takes /run/${shared} from root, or its sticky bit: others can then move our socket away`,
              `set RuntimeDirectory= to nothing in a drop-in (systemctl edit ${name}): the directory is made at boot`,
            ),
          ]
        : []),
    ];
  });
}

/** systemd's own default is 0755, which has no sticky bit. */
const isSticky = (mode = '0755') => (Number.parseInt(mode, 8) & 0o1000) !== 0;
