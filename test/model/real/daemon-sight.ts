/** The external observations of a whole daemon: its end, its messages to systemd, and its logs. */
import { readFileSync } from 'node:fs';
import type { Layout } from '../../support/daemon.ts';
import type { Path } from '../driver/paths.ts';
import type { Sight } from '../driver/walk.ts';
import { expectedOf, leftAlone } from '../oracles/daemon.ts';
import { CARRIED_OUT, isLeft, NOTHING_LEFT } from './left-behind.ts';
import { BEAT } from './systemd.ts';

/** Returns undefined if the file does not exist. */
export function fileOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

type Patterns = readonly (readonly [pattern: RegExp, word: string])[];

const DID: Patterns = [
  [/"msg":"listening"/, 'announce'],
  [/"code":"ADMIN_UNUSABLE"/, 'operators cannot look'],
  [/stopped waiting for clients/, 'late: clients'],
  [/stopped waiting for children/, 'late: children'],
];

const LOGGED: Patterns = [
  [/"commands":1,"msg":"recovering what the last daemon left"/, 'recovering'],
  [/"msg":"draining"/, 'draining'],
];

/** Searches all logs in order. */
export function inLogs({ log }: Layout, hangups: number): Pick<Sight, 'did' | 'logged'> {
  const files = [...Array.from({ length: hangups }, (_, index) => `${log}.${index}`), log];
  const lines = files.flatMap((file) => fileOf(file)?.split('\n') ?? []);
  const found = (patterns: Patterns) =>
    lines.flatMap((line) => patterns.find(([pattern]) => pattern.test(line))?.[1] ?? []);
  return {
    did: found(DID).join(', ') || 'nothing done',
    logged: found(LOGGED).join(', ') || 'nothing logged',
  };
}

/** Keeps only the first watchdog message, since the number of the others depends on the time. */
export function toldSystemd(heard: readonly string[]): string {
  const words = heard.filter((told, index) => told !== BEAT || index === heard.indexOf(BEAT));
  return words.map((told) => told.replaceAll('\n', ' ').replace(/USEC=\d+/, 'USEC=now')).join(', ');
}

/** The expectation once nothing interferes any more. */
export function expectedInTheEnd(path: Path): Sight {
  const { start, events } = path;
  const { exit, did, logged, told } = expectedOf(
    start,
    leftAlone(start, ['the watchdog asks', ...whole(events)]),
  );
  return {
    // Here, a path that cannot be bound stands for the other daemon that takes the place in between.
    exit: exit === undefined ? 'no end' : `exit code ${events.includes('cannot bind') ? 73 : exit}`,
    told: told.join(', '),
    did: did.flatMap((what) => WORDS[what] ?? []).join(', ') || 'nothing done',
    // Without remains nothing is logged about them.
    logged: logged.filter((what) => what !== 'recovering' || isLeft(path)).join(', ') || 'nothing logged',
    hangups: `hangups: ${did.filter((what) => what === 'reopen').length}`,
    left: isLeft(path) ? CARRIED_OUT : NOTHING_LEFT,
  };
}

/** The events, with those that a real daemon adds at once. */
const whole = (events: readonly string[]) =>
  events.flatMap((event) => (event === 'a hangup' ? [event, 'the log is open again'] : [event]));

const WORDS: Readonly<Record<string, string>> = {
  announce: 'announce',
  'admin: EACCES': 'operators cannot look',
  'late: clients': 'late: clients',
  'late: children': 'late: children',
};
