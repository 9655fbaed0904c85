import { type EventObject, fromCallback } from 'xstate';

/** watchdog → daemon: it is time to show that the daemon lives */
export interface WatchdogDue {
  readonly type: 'watchdog.due';
}

/** `period`: the watchdog period of systemd in milliseconds; undefined: there is no watchdog, and no timer. */
export interface WatchdogInput {
  readonly period: number | undefined;
}

/** Asks the daemon twice in each period, and does not notify systemd itself: a timer that fires shows that the event loop runs,
 * and an answer of the daemon shows that its machine works. */
export const watchdog = fromCallback<EventObject, WatchdogInput>(({ input: { period }, sendBack }) => {
  if (period === undefined) return;
  const due = () => (sendBack as (event: WatchdogDue) => void)({ type: 'watchdog.due' });
  due();
  const timer = setInterval(due, period / 2);
  return () => clearInterval(timer);
});
