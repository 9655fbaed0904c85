import { existsSync } from 'node:fs';
import { findHistory, type HistorySource } from '../io/history/history.ts';
import { type ConfigOptions, configOf } from './config-option.ts';

/** Where a verb reads what is recorded. Says so on stderr where that is not all of it. */
export function findSource(options: ConfigOptions): HistorySource {
  const source = findHistory(configOf(options));
  if (source.kind === 'shared' && existsSync(source.path)) {
    console.error(
      `dbcalm-cmd: reading ${source.path} only: states, transitions and audit are in the journal of the daemon, for root alone`,
    );
  }
  return source;
}
