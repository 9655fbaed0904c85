import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../../errors.ts';
import { directoryObjection } from '../../../io/fs/staged-file.ts';
import { stateOf } from '../actor-tree.ts';
import { json, type Route, type Sight } from './route.ts';

/** Why it fails; undefined: it does not. */
type Check = string | undefined;

const LISTENING = 'serving.open.listening';

const isDraining = (state: string) => /^serving\.(draining|open\.closing)/.test(state);

/** Whether a command that is sent now would be taken and could be carried out. */
export const readyz: Route = {
  method: 'GET',
  path: '/readyz',
  query: [],
  answer: async ({ sight }) => {
    const [database, cron_folder] = await Promise.all([databaseOf(sight), cronFolderOf(sight)]);
    const state = stateOf(sight.daemon);
    const failing = {
      listening: state === LISTENING ? undefined : `the daemon is in ${state}`,
      database,
      cron_folder,
      draining: isDraining(state) ? 'the daemon is shutting down' : undefined,
    } satisfies Record<string, Check>;
    const ready = Object.values(failing).every((why) => why === undefined);
    // A log in trouble does not affect readiness: commands are carried out all the same, and a member of the group, which can
    // take the name of a log, must not be able to make the daemon look unready.
    const shown = { ...failing, logs: sight.logTrouble() };
    const checks = Object.entries(shown).map(([name, why]) => [
      name,
      why === undefined ? { ok: true } : { ok: false, why },
    ]);
    return json(ready ? 200 : 503, { ready, checks: Object.fromEntries(checks) });
  },
};

/** By a write that changes nothing: what the last command met may be long over, and what is wrong now unmet. */
function databaseOf({ store }: Sight): Promise<Check> {
  return store.probe().then(() => undefined, messageOf);
}

async function cronFolderOf({ cronFile }: Sight): Promise<Check> {
  const objection = directoryObjection(cronFile);
  if (objection !== undefined) return objection;
  return access(dirname(cronFile), constants.W_OK | constants.X_OK).then(() => undefined, messageOf);
}
