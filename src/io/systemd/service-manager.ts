import { DaemonError, messageOf } from '../../errors.ts';
import { type InheritedSocket, inheritedSocket } from './inherited-socket.ts';
import { notifySocket } from './notify.ts';

/** systemd, if it started the daemon; otherwise a stand-in without effect. Source: sd_notify(3), sd_watchdog_enabled(3). */
export interface ServiceManager {
  readonly socket: InheritedSocket | undefined;
  /** The watchdog period in milliseconds; undefined if there is no watchdog. */
  readonly watchdogPeriod: number | undefined;
  /** Sends assignments such as `READY=1`. Those that do not fit into the socket buffer are sent later, in order. */
  tell(...assignments: readonly string[]): void;
}

/** Milliseconds after which a message without room is sent again, and the number of attempts. */
const RETRY = 50;
const MAX_TRIES = 600;
/** How many assignments may wait for room. */
const MAX_HELD = 64;

/** `complain` is called once if systemd cannot be reached; the daemon continues. Throws SOCKET_UNUSABLE. */
export function serviceManager(
  complain: (error: DaemonError) => void,
  env: NodeJS.ProcessEnv = process.env,
): ServiceManager {
  return { socket: inheritedSocket(env), watchdogPeriod: watchdogPeriod(env), tell: teller(complain, env) };
}

function watchdogPeriod({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const isForUs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  const microseconds = Number(WATCHDOG_USEC ?? 0);
  return isForUs && microseconds > 0 ? microseconds / 1_000 : undefined;
}

function teller(
  complain: (error: DaemonError) => void,
  { NOTIFY_SOCKET }: NodeJS.ProcessEnv,
): ServiceManager['tell'] {
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return () => {};
  let reached = true;
  const miss = (why: string) => {
    if (reached) complain(new DaemonError('NOTIFY_UNREACHABLE', why));
    reached = false;
  };
  let send: ReturnType<typeof notifySocket>;
  try {
    send = notifySocket(NOTIFY_SOCKET);
  } catch (error) {
    miss(messageOf(error));
    return () => {};
  }
  const held: string[] = [];
  let tries = 0;
  const sendHeld = () => {
    for (let text = held[0]; text !== undefined; text = held[0]) {
      const trouble = send(text);
      // A READY=1 that is lost would have systemd end the daemon.
      if (trouble === 'EAGAIN' && ++tries < MAX_TRIES) return void setTimeout(sendHeld, RETRY).unref();
      held.shift();
      tries = 0;
      if (trouble === undefined) reached = true;
      else miss(`${NOTIFY_SOCKET}: ${trouble}`);
    }
  };
  return (...assignments) => {
    if (held.length >= MAX_HELD) return miss(`${NOTIFY_SOCKET}: ${held.length} words wait already`);
    if (held.push(assignments.join('\n')) === 1) sendHeld();
  };
}
