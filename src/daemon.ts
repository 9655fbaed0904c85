import { nanoid } from 'nanoid';
import { createActor, toPromise } from 'xstate';
import { newCounters } from './actors/queue-handler.ts';
import { WHITELIST } from './commands/whitelist.ts';
import type { Config } from './io/config-schema.ts';
import { openLog } from './io/log.ts';
import { openStore } from './io/store.ts';
import { connectionMachine } from './machines/connection.ts';
import { type DaemonInput, type DaemonOutput, daemonMachine } from './machines/daemon.ts';
import { processMachine } from './machines/process.ts';

/** Builds the parts and runs the root actor to its end. `greet`: what to say once it listens. */
export async function runDaemon(config: Config, greet: () => void): Promise<DaemonOutput> {
  const log = await openLog({ file: config.cmd_log_file, level: config.cmd_log_level });
  const announce = () => {
    log.logger.info({ socket: config.socket_path, pid: process.pid }, 'listening');
    log.leaveStderr();
    greet();
  };
  const actor = createActor(daemonMachine, { input: daemonInput(config, log, announce) });
  const ended = toPromise(actor);
  actor.start();
  const output = await ended;
  if (output.failure) {
    const { code, message, remedy } = output.failure;
    log.logger.fatal({ code, remedy }, message);
  } else log.logger.info('stopped');
  await log.flush();
  return output;
}

function daemonInput(config: Config, log: DaemonInput['log'], announce: () => void): DaemonInput {
  const now = () => new Date();
  const settings = {
    projectName: config.project_name,
    cronFile: config.cron_file,
    deletionRoots: config.deletion_roots,
  };
  return {
    socketPath: config.socket_path,
    log,
    openStore: () => openStore(config.database_path),
    queueHandler: { logger: log.logger, counters: newCounters() },
    announce,
    connections: ({ actor }) => ({
      logic: connectionMachine,
      maxConnections: config.max_connections,
      inputFor: (socket) => ({
        id: nanoid(),
        socket,
        now,
        whitelist: WHITELIST,
        settings,
        processes: actor('processes'),
      }),
      observer: () => actor('queueHandler'),
    }),
    processes: ({ store, actor }) => ({
      logic: processMachine,
      maxRunning: config.max_running,
      maxPending: config.max_pending,
      store,
      now,
      observer: () => actor('queueHandler'),
      inputFor: ({ slot, commandId, request, supervisor, observer }) => ({
        slot,
        commandId,
        connectionId: request.connectionId,
        plan: request.plan,
        acceptedAt: request.at,
        deletionRoots: settings.deletionRoots,
        maxOutput: config.max_output_bytes,
        now,
        store,
        client: request.client,
        supervisor,
        observer,
      }),
    }),
  };
}
