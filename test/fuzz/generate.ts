/** Generates requests of the three commands as the API servers send them, except for the paths. */
import type { Random } from '../chaos/random.ts';
import { makePath, STRANGE_NAMES } from './paths.ts';
import { type Place, PROP_KINDS, type Prop } from './place.ts';
import { anything, Fields, type Value } from './values.ts';

export interface Made {
  readonly request: Fields;
  /** The files that must exist before the request is sent. */
  readonly props: readonly Prop[];
}

export function generate(random: Random, place: Place, number: number): Made {
  const props = Array.from({ length: random.below(3) }, (_, index) =>
    makeProp(random, `p${number}-${index}`),
  );
  const names = [...props.map(({ name }) => name), `missing-${number}`];
  const request = random.weighted<() => Fields>([
    [50, () => command('delete_directory', { path: makePath(random, place, names) })],
    [35, () => command('cleanup_backups', cleanup(random, place, names))],
    [15, () => command('update_cron_schedules', { schedules: schedules(random) })],
  ])();
  return { request, props };
}

const makeProp = (random: Random, name: string): Prop =>
  random.chance(0.15)
    ? { kind: 'folder', name: random.pick(STRANGE_NAMES) }
    : { kind: random.pick(PROP_KINDS), name };

const command = (cmd: string, args: Readonly<Record<string, Value>>) =>
  Fields.of({ cmd, args: Fields.of(args) });

const list = <T>(random: Random, most: number, make: (index: number) => T): T[] =>
  Array.from({ length: random.below(most + 1) }, (_, index) => make(index));

function cleanup(random: Random, place: Place, names: readonly string[]) {
  const folders = random.weighted<() => Value>([
    [20, () => null],
    [75, () => list(random, 5, () => makePath(random, place, names))],
    [4, () => list(random, 300, (index) => `${place.backups}/many/${index}`)],
    [1, () => list(random, 700, (index) => `${place.backups}/parent-${index}/child`)],
  ])();
  return {
    backup_ids: random.chance(0.3) ? null : list(random, 5, (index) => (index % 2 ? index : `b${index}`)),
    folders,
  };
}

function schedules(random: Random): Value[] {
  return list(random, random.chance(0.03) ? 400 : 4, () => {
    const frequency = random.pick(['daily', 'weekly', 'monthly', 'hourly', 'interval']);
    const fields: Record<string, Value> = {
      id: random.below(1_000),
      backup_type: random.pick(['full', 'incremental']),
      frequency,
      enabled: random.chance(0.8),
      hour: random.below(24),
      minute: random.below(60),
      day_of_week: random.chance(0.2) ? null : random.below(7),
      day_of_month: random.chance(0.2) ? null : 1 + random.below(28),
      interval_value: 1 + random.below(random.chance(0.1) ? 2 ** 40 : 90),
      interval_unit: random.pick(['minutes', 'hours']),
      retention_value: null,
    };
    // Most fields have no meaning for most frequencies.
    if (random.chance(0.2)) fields[random.pick(Object.keys(fields))] = anything(random);
    return Fields.of(fields);
  });
}
