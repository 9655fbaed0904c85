import { nanoid } from 'nanoid';
import { createActor, toPromise } from 'xstate';
import manifest from '../../package.json' with { type: 'json' };
import type { DoorRules } from '../actors/connection/access-policy.ts';
import { MAX_REQUEST_BYTES } from '../actors/connection/read-request.ts';
import type { SocketPlace } from '../actors/daemon/listener.ts';
import { LoopShare } from '../actors/fairness/loop-share.ts';
import { RequestBudget } from '../actors/fairness/request-budget.ts';
import { newCounters } from '../actors/metrics/counters.ts';
import type { Asked, Left } from '../actors/process/supervisor.ts';
import { noted } from '../actors/shared/activity.ts';
import { describeRequest, replanRequest } from '../commands/request.ts';
import { WHITELIST } from '../commands/whitelist.ts';
import { asDaemonError, DaemonError } from '../errors.ts';
import { loadForFirstUse } from '../io/child/preload.ts';
import { type Accounts, readAccounts } from '../io/config/accounts.ts';
import type { LoadedConfig } from '../io/config/load.ts';
import type { Config } from '../io/config/schema.ts';
import { cronLogDirectory } from '../io/fs/names.ts';
import { listOwnFiles, untrustedRoots } from '../io/fs/own-files.ts';
import { isSameFile } from '../io/fs/paths.ts';
import { type AuditLog, openAuditLog } from '../io/log/audit-log.ts';
import { type Log, type Logger, openLog } from '../io/log/log.ts';
import { NO_RECORD, openTrafficRecord, type TrafficRecord } from '../io/log/traffic-log.ts';
import { COMMIT_SECONDS, Histogram } from '../io/os/histogram.ts';
import { IdleMemory } from '../io/os/idle-memory.ts';
import { type Peer, peerOf, userOf } from '../io/socket/peer.ts';
import { openStore, type StoreOptions } from '../io/store/store.ts';
import { type ServiceManager, serviceManager } from '../io/systemd/service-manager.ts';
import type { ConnectionInput } from '../machines/connection/context.ts';
import { connectionMachine } from '../machines/connection/machine.ts';
import { daemonMachine } from '../machines/daemon/machine.ts';
import type { DaemonInput, DaemonOutput } from '../machines/daemon/setup.ts';
import type { ProcessInput } from '../machines/process/context.ts';
import { processMachine } from '../machines/process/machine.ts';
import { shadowProcessMachine } from '../machines/process/shadow.ts';

/** Builds the parts and runs the root actor to its end. `greet`: what to say once it listens. */
export async function runDaemon(loaded: LoadedConfig, greet: () => void): Promise<DaemonOutput> {
  const { config, files, warnings } = loaded;
  const fields = config.shadow ? { shadow: true } : {};
  const accounts = readAccounts();
  const log = await openLog({ file: config.cmd_log_file, level: config.cmd_log_level, fields });
  const warn = ({ code, message, remedy }: DaemonError) => log.logger.warn({ code, remedy }, message);
  const audit = await openAuditLog({ file: config.audit_log_file, accounts, fields, warn });
  const record = recordOf(config, log.logger);
  const manager = serviceManager(warn);
  warnOfPlace(config, manager, log.logger);
  for (const warning of [...warnings, ...untrustedRoots(config)]) warn(warning);
  if (config.shadow) log.logger.warn(SHADOW_WARNING);
  const announce: DaemonInput['announce'] = (store) => {
    const socket = manager.socket?.path ?? config.socket_path;
    log.logger.info({ socket, from: manager.socket ? 'systemd' : undefined, pid: process.pid }, 'listening');
    log.leaveStderr();
    greet();
    setImmediate(() => {
      loadForFirstUse();
      store?.openShared();
    });
  };
  const actor = createActor(noted(daemonMachine), {
    id: 'daemon',
    input: daemonInput({ config, files, log, audit, record, accounts, manager, warn, announce }),
  });
  const ended = toPromise(actor);
  actor.start();
  const output = await ended;
  if (output.failure) {
    const { code, message, remedy } = output.failure;
    // The caller of this function prints one clear line to stderr.
    log.leaveStderr();
    log.logger.fatal({ code, remedy }, message);
  } else log.logger.info('stopped');
  await Promise.all([log.close(), audit.close(), record.close()]);
  return output;
}

interface Edges {
  readonly config: Config;
  /** The files that it was read from. */
  readonly files: readonly string[];
  readonly log: Log;
  readonly audit: AuditLog;
  readonly record: TrafficRecord;
  readonly accounts: Accounts;
  readonly manager: ServiceManager;
  readonly warn: Warn;
  readonly announce: DaemonInput['announce'];
}

type Warn = (error: DaemonError) => void;

function daemonInput(edges: Edges): DaemonInput {
  const { config, files, log, audit, record, accounts, manager, warn, announce } = edges;
  const now = () => new Date();
  const counters = newCounters();
  const commits = new Histogram(COMMIT_SECONDS);
  const memory = new IdleMemory((error) => log.logger.debug({ err: error }, 'memory is not given back'));
  const settings = {
    projectName: config.project_name,
    cronFile: config.cron_file,
    cronLogDirectory: cronLogDirectory(config),
    deletionRoots: config.deletion_roots,
    unsafeRoots: config.unsafe_deletion_roots,
    ownFiles: [...listOwnFiles(config), ...files, ...(manager.socket?.path ? [manager.socket.path] : [])],
  };
  const common = { now, whitelist: WHITELIST, settings };
  const slices = new LoopShare();
  const budget = new RequestBudget(MAX_REQUEST_BYTES, slices);
  const nextSliceOf = (peer: Peer) => () => slices.next(userOf(peer));
  const connection = (
    links: Omit<ConnectionInput, keyof typeof common | 'id' | 'nextSlice'>,
  ): ConnectionInput => ({
    ...common,
    ...links,
    nextSlice: nextSliceOf(links.peer),
    id: nanoid(),
  });
  return {
    place: socketPlace(config, manager, warn),
    manager: config.shadow ? shadowed(manager) : manager,
    log: {
      ...log,
      reopen: async () => {
        const opened = await Promise.allSettled([log.reopen(), audit.reopen(), record.reopen()]);
        for (const { reason } of opened.filter(
          ({ status }) => status === 'rejected',
        ) as PromiseRejectedResult[]) {
          const { code, message, remedy } = asDaemonError(reason);
          log.logger.warn({ code, remedy }, `${message}; lines go on to the file that was open`);
        }
      },
    },
    openStore: () =>
      openStore({
        ...storeOptions(config, log.logger, commits),
        describe: ({ request, acceptedAt: at, connectionId: id }) =>
          describeRequest(request, WHITELIST, settings, { at, id }),
      }),
    queueHandler: ({ store }) => ({
      logger: log.logger,
      counters,
      now,
      clock: () => performance.now(),
      audit: (entry) => {
        memory.worked();
        audit.write(entry);
        // In trouble the database does without: the file has it.
        if (entry.event === 'command.refused') store.audit(entry).catch(() => {});
      },
      record: config.record === null ? undefined : (exchange) => record.write(exchange),
    }),
    announce,
    admin: ({ store, actor }, daemon) => ({
      socketPath: config.admin_socket_path,
      onSetAside: warn,
      metricsPort: config.metrics_port,
      statePath: config.state_path,
      cronFile: config.cron_file,
      version: manifest.version,
      shadow: config.shadow,
      logTrouble: () => log.trouble() ?? audit.trouble(),
      daemon,
      store,
      counters,
      commits,
      processes: () => actor('processes'),
      connections: () => actor('connections'),
      observer: () => actor('queueHandler'),
      dryRuns: {
        logic: connectionMachine,
        openHolding: () => budget.open(userOf(NOBODY)),
        inputFor: (links) => connection({ ...links, peer: NOBODY, objection: undefined }),
        roots: settings.deletionRoots,
        now,
      },
    }),
    connections: ({ actor }) => ({
      logic: connectionMachine,
      door: doorRules(config, accounts),
      budget,
      peerOf,
      inputFor: (client) => connection({ ...client, processes: actor('processes') }),
      observer: () => actor('queueHandler'),
    }),
    processes: ({ store, actor }) => ({
      logic: config.shadow ? shadowProcessMachine : processMachine,
      maxRunning: config.max_running,
      maxPending: config.max_pending,
      budget,
      store,
      now,
      observer: () => actor('queueHandler'),
      inputFor: ({ origin, ...links }): ProcessInput => ({
        ...links,
        ...('recovered' in origin ? left(origin) : asked(origin)),
        deletionRoots: settings.deletionRoots,
        unsafeRoots: settings.unsafeRoots,
        ownFiles: settings.ownFiles,
        maxOutput: config.max_output_bytes,
        nextSlice: nextSliceOf('recovered' in origin ? origin.recovered.peer : origin.request.peer),
        pendingLifetime: config.pending_expires_minutes * 60_000,
        now,
        store,
        replan: ({ request, acceptedAt: at, connectionId: id }) =>
          replanRequest(request, WHITELIST, settings, { at, id }),
      }),
    }),
  };
}

function recordOf({ record, record_max_bytes }: Config, logger: Logger): TrafficRecord {
  if (record === null) return NO_RECORD;
  const complain = ({ code, message, remedy }: DaemonError) => logger.error({ code, remedy }, message);
  return openTrafficRecord({ file: record, maxBytes: record_max_bytes, complain });
}

const SHADOW_WARNING = 'shadow mode: commands are checked, planned and recorded, and nothing is carried out';

/** The line that `systemctl status` shows says so, too. */
function shadowed({ tell, ...manager }: ServiceManager): ServiceManager {
  const marked = (assignment: string) => assignment.replace(/^STATUS=/, 'STATUS=shadow mode: ');
  return { ...manager, tell: (...assignments) => tell(...assignments.map(marked)) };
}

function socketPlace(config: Config, { socket }: ServiceManager, onSetAside: Warn): SocketPlace {
  if (socket) return { inherited: socket.fd };
  const mode = Number.parseInt(config.socket_mode, 8);
  return {
    path: config.socket_path,
    access: { mode, owner: config.socket_owner, group: config.socket_group },
    onSetAside,
  };
}

/** systemd's socket unit and our config each name a path. Clients that use the path of the config must find the socket there. */
function warnOfPlace({ socket_path }: Config, { socket }: ServiceManager, logger: Logger): void {
  if (!socket?.path || isSameFile(socket.path, socket_path)) return;
  const { message, remedy } = new DaemonError('SOCKET_ELSEWHERE', `${socket.path}, not ${socket_path}`);
  logger.warn({ code: 'SOCKET_ELSEWHERE', remedy }, message);
}

const DAY = 86_400_000;

/** The peer of a dry run. Only the daemon's own user can reach the admin socket, and it is permitted. */
const NOBODY: Peer = { known: false, why: 'a dry run' };

function doorRules(config: Config, accounts: Accounts): DoorRules {
  return {
    allowedUids: config.allowed_uids ?? undefined,
    allowedGids: config.allowed_gids ?? undefined,
    requestsPerSecond: config.max_requests_per_second,
    maxConnections: config.max_connections,
    connectionsPerUser: config.max_connections_per_user,
    accounts,
  };
}

function storeOptions(config: Config, logger: Logger, commits: Histogram): Omit<StoreOptions, 'describe'> {
  const { message, remedy } = new DaemonError('DATABASE_TROUBLE');
  return {
    statePath: config.state_path,
    sharedPath: config.database_path,
    shadow: config.shadow,
    retention: {
      maxAgeMs: config.transitions_max_days * DAY,
      maxCount: config.transitions_max_count,
    },
    onCommit: (took) => commits.observe(took / 1_000),
    onSharedOpen: () => logger.info('the shared database is open'),
    onTrouble: (trouble) => {
      if (trouble === undefined) logger.info('the database takes writes again');
      else logger.error({ code: 'DATABASE_TROUBLE', remedy }, `${message}: ${trouble}`);
    },
  };
}

function asked({ commandId, request }: Asked) {
  const { connectionId, peer, plan, request: text, at, client } = request;
  return { commandId, connectionId, peer, plan, request: text, acceptedAt: at, client, recovered: undefined };
}

/** Until a recovered command is planned again, only its row is known. */
function left({ recovered }: Left) {
  const { commandId, connectionId, peer, request, acceptedAt, type, command } = recovered;
  const plan = { type, command, args: {}, touches: [], step: undefined, warnings: [] };
  return { commandId, connectionId, peer, plan, request, acceptedAt, client: undefined, recovered };
}
