import { DaemonError, messageOf } from '../errors.ts';
import { type InheritedSocket, inheritedSocket } from './inherited-socket.ts';
import { notifySocket } from './notify-socket.ts';

/** systemd, where it started the daemon; else nobody, who is told nothing. Source: sd_notify(3), sd_watchdog_enabled(3). */
export interface ServiceManager {
  readonly socket: InheritedSocket | undefined;
  /** Milliseconds within which it wants to hear WATCHDOG=1; undefined: it does not. */
  readonly watchdogPeriod: number | undefined;
  /** Assignments such as `READY=1`. */
  tell(...assignments: readonly string[]): void;
}

/** `complain` hears once that systemd cannot be reached: no reason to stop. Throws SOCKET_UNUSABLE. */
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
  let send: (text: string) => boolean;
  try {
    send = notifySocket(NOTIFY_SOCKET);
  } catch (error) {
    miss(messageOf(error));
    return () => {};
  }
  return (...assignments) => {
    if (send(assignments.join('\n'))) reached = true;
    else miss(NOTIFY_SOCKET);
  };
}
