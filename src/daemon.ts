import { nanoid } from 'nanoid';
import { createActor, toPromise } from 'xstate';
import type { Asked, Left } from './actors/processes.ts';
import { newCounters } from './actors/queue-handler.ts';
import { replanRequest } from './commands/request.ts';
import { WHITELIST } from './commands/whitelist.ts';
import { DaemonError } from './errors.ts';
import type { Config } from './io/config-schema.ts';
import { type Logger, openLog } from './io/log.ts';
import { openStore, type StoreOptions } from './io/store.ts';
import { connectionMachine } from './machines/connection.ts';
import { daemonMachine } from './machines/daemon.ts';
import type { DaemonInput, DaemonOutput } from './machines/daemon-setup.ts';
import { processMachine } from './machines/process.ts';
import type { ProcessInput } from './machines/process-context.ts';

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
    // On stderr it gets one clear line, from who started it.
    log.leaveStderr();
    log.logger.fatal({ code, remedy }, message);
  } else log.logger.info('stopped');
  await log.close();
  return output;
}

function daemonInput(config: Config, log: DaemonInput['log'], announce: () => void): DaemonInput {
  const now = () => new Date();
  const settings = {
    projectName: config.project_name,
    cronFile: config.cron_file,
    deletionRoots: config.deletion_roots,
    ownFiles: ownFiles(config),
  };
  return {
    socketPath: config.socket_path,
    log,
    openStore: () => openStore(storeOptions(config, log.logger)),
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
      inputFor: ({ origin, ...links }): ProcessInput => ({
        ...links,
        ...('recovered' in origin ? left(origin) : asked(origin)),
        deletionRoots: settings.deletionRoots,
        ownFiles: settings.ownFiles,
        maxOutput: config.max_output_bytes,
        pendingLifetime: config.pending_expires_minutes * 60_000,
        now,
        store,
        replan: ({ request, acceptedAt: at, connectionId: id }) =>
          replanRequest(request, WHITELIST, settings, { at, id }),
      }),
    }),
  };
}

const DAY = 86_400_000;

/** What must not be deleted, wherever the config puts it. */
function ownFiles(config: Config): string[] {
  const database = ['', '-wal', '-shm', '-cmd-lock'].map((suffix) => config.database_path + suffix);
  const { socket_path, admin_socket_path, cron_file, cmd_log_file, audit_log_file } = config;
  return [...database, socket_path, admin_socket_path, cron_file, cmd_log_file, audit_log_file];
}

function storeOptions(config: Config, logger: Logger): StoreOptions {
  const { message, remedy } = new DaemonError('DATABASE_TROUBLE');
  return {
    path: config.database_path,
    retention: {
      maxAgeMs: config.transitions_max_days * DAY,
      maxCount: config.transitions_max_count,
    },
    onTrouble: (trouble) => {
      if (trouble === undefined) logger.info('the database takes writes again');
      else logger.error({ code: 'DATABASE_TROUBLE', remedy }, `${message}: ${trouble}`);
    },
  };
}

function asked({ commandId, request }: Asked) {
  const { connectionId, plan, request: text, at, client } = request;
  return { commandId, connectionId, plan, request: text, acceptedAt: at, client, recovered: undefined };
}

/** Until it is planned anew, a recovered command is only what its row says. */
function left({ recovered }: Left) {
  const { commandId, connectionId, request, acceptedAt, type, command } = recovered;
  const plan = { type, command, args: {}, touches: [], step: undefined, warnings: [] };
  return { commandId, connectionId, plan, request, acceptedAt, client: undefined, recovered };
}
