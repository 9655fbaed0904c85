import { fromCallback } from 'xstate';

export type SignalEvent =
  | { readonly type: 'daemon.stop'; readonly signal: NodeJS.Signals }
  | { readonly type: 'log.reopen' };

/** What the operator's signals mean. */
export const signals = fromCallback<SignalEvent>(({ sendBack }) => {
  const send = sendBack as (event: SignalEvent) => void;
  const stop = (signal: NodeJS.Signals) => send({ type: 'daemon.stop', signal });
  const reopen = () => send({ type: 'log.reopen' });
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', reopen);
  return () => {
    process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGHUP', reopen);
  };
});
