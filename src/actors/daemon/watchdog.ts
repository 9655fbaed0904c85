import { type EventObject, fromCallback } from 'xstate';

/** watchdog → daemon: it is time to show that the daemon lives */
export interface WatchdogDue {
  readonly type: 'watchdog.due';
}

/** `period`: milliseconds within which systemd wants to hear; undefined: it does not, and there is no timer. */
export interface WatchdogInput {
  readonly period: number | undefined;
}

/** Asks twice in each period. It does not tell systemd itself: that a timer fires says that the loop turns, that the daemon
 * answers says that its machine lives. */
export const watchdog = fromCallback<EventObject, WatchdogInput>(({ input: { period }, sendBack }) => {
  if (period === undefined) return;
  const due = () => (sendBack as (event: WatchdogDue) => void)({ type: 'watchdog.due' });
  due();
  const timer = setInterval(due, period / 2);
  return () => clearInterval(timer);
});
