import { type EventObject, fromCallback } from 'xstate';
import { asDaemonError, type DaemonError } from '../../errors.ts';
import { type AdminServer, type Answerer, openAdminSocket, openLoopbackPort } from '../../io/admin/server.ts';
import type { ActorFailed, CommandRehearsed, Listener } from '../messages.ts';
import { DryRuns, type DryRunsInput } from './dry-runs.ts';
import { Inspection } from './inspection.ts';
import type { Route, Sight } from './routes/route.ts';
import { answerFrom, PUBLIC_ROUTES, ROUTES } from './routes/table.ts';

/** admin → daemon: operators cannot look in; all else goes on */
export interface AdminFailed {
  readonly type: 'admin.failed';
  readonly error: DaemonError;
}

export interface AdminInput extends Omit<Sight, 'inspection' | 'dryRuns'> {
  readonly socketPath: string;
  /** Hears of what another user had put at `socketPath`. */
  readonly onSetAside: (error: DaemonError) => void;
  /** Null: none. */
  readonly metricsPort: number | null;
  readonly observer: () => Listener<ActorFailed | CommandRehearsed>;
  readonly dryRuns: Omit<DryRunsInput, 'processes' | 'observer'>;
}

/** Lets operators look in, until it is stopped. It changes nothing, and nothing depends on it. */
export const admin = fromCallback<EventObject, AdminInput>(({ input, sendBack }) => {
  const { processes, observer } = input;
  const sight: Sight = {
    ...input,
    inspection: new Inspection(input.daemon),
    dryRuns: new DryRuns({ ...input.dryRuns, processes, observer }),
  };
  const servers: AdminServer[] = [];
  let stopped = false;
  const fail = (error: unknown) => {
    (sendBack as (event: AdminFailed) => void)({ type: 'admin.failed', error: asDaemonError(error) });
  };
  const complain = (error: unknown) => input.observer().send({ type: 'actor.failed', id: 'admin', error });
  const from =
    (routes: readonly Route[]): Answerer =>
    (question) =>
      answerFrom(routes, sight, question, complain);
  const keep = (server: AdminServer) => {
    if (stopped) server.close();
    else servers.push(server);
  };
  openAdminSocket(input.socketPath, from(ROUTES), { onSetAside: input.onSetAside }).then(keep, fail);
  if (input.metricsPort !== null) openLoopbackPort(input.metricsPort, from(PUBLIC_ROUTES)).then(keep, fail);
  return () => {
    stopped = true;
    for (const server of servers) server.close();
  };
});
