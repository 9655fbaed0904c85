import * as Type from 'typebox';
import { received } from '../received.ts';

/** A schedule as the API servers send it; fields that the frequency does not use are ignored. */
export const Schedule = Type.Object({
  id: Type.Integer(),
  backup_type: Type.Union([Type.Literal('full'), Type.Literal('incremental')]),
  frequency: Type.Union([
    Type.Literal('daily'),
    Type.Literal('weekly'),
    Type.Literal('monthly'),
    Type.Literal('hourly'),
    Type.Literal('interval'),
  ]),
  enabled: Type.Boolean(),
  hour: Type.Optional(Type.Unknown()),
  minute: Type.Optional(Type.Unknown()),
  day_of_week: Type.Optional(Type.Unknown()),
  day_of_month: Type.Optional(Type.Unknown()),
  interval_value: Type.Optional(Type.Unknown()),
  interval_unit: Type.Optional(Type.Unknown()),
});
export type Schedule = Type.Static<typeof Schedule>;

type Fields = Record<string, unknown>;
type Rule = (fields: Fields) => string | undefined;

const whole = (value: unknown): value is number => Number.isSafeInteger(value);
const given = (fields: Fields, name: string) => Object.hasOwn(fields, name) && fields[name] !== null;
const is = (...names: string[]) => {
  return (fields: Fields) => names.includes(fields.frequency as string);
};
const when = (applies: (fields: Fields) => boolean, ...rules: Rule[]): Rule => {
  return (fields) => (applies(fields) ? firstBroken(rules, fields) : undefined);
};

const needs =
  (name: string, message: string): Rule =>
  (fields) =>
    given(fields, name) ? undefined : message;

const within = (name: string, low: number, high: number): Rule => {
  return (fields) => {
    const value = fields[name];
    if (!whole(value)) return `Invalid ${name}: ${received(value)}`;
    return value < low || value > high ? `Invalid ${name}: ${value}. Must be ${low}-${high}` : undefined;
  };
};

const oneOf = (name: string, allowed: readonly string[]): Rule => {
  return (fields) => {
    const value = fields[name];
    if (typeof value !== 'string') return `${name} must be a string`;
    return allowed.includes(value) ? undefined : `Invalid ${name}: ${received(value)}`;
  };
};

const interval: Rule = ({ interval_value: value }) => {
  if (!whole(value)) return `Invalid interval_value: ${received(value)}`;
  return value < 1 ? `Invalid interval_value: ${value}. Must be >= 1` : undefined;
};

const unit: Rule = ({ interval_unit: value }) => {
  if (value === 'minutes' || value === 'hours') return undefined;
  const hint = typeof value === 'string' ? ". Must be 'minutes' or 'hours'" : '';
  return `Invalid interval_unit: ${received(value)}${hint}`;
};

const RULES: readonly Rule[] = [
  ...['id', 'backup_type', 'frequency', 'enabled'].map((name): Rule => {
    return (fields) => (Object.hasOwn(fields, name) ? undefined : `Schedule missing required field: ${name}`);
  }),
  oneOf('backup_type', ['full', 'incremental']),
  oneOf('frequency', ['daily', 'weekly', 'monthly', 'hourly', 'interval']),
  when(
    is('daily', 'weekly', 'monthly'),
    needs('hour', 'hour is required for daily, weekly, and monthly schedules'),
    within('hour', 0, 23),
  ),
  when(
    is('daily', 'weekly', 'monthly', 'hourly'),
    needs('minute', 'minute is required for daily, weekly, monthly, and hourly schedules'),
    within('minute', 0, 59),
  ),
  when((fields) => is('weekly')(fields) && given(fields, 'day_of_week'), within('day_of_week', 0, 6)),
  when((fields) => is('monthly')(fields) && given(fields, 'day_of_month'), within('day_of_month', 1, 28)),
  when(
    is('interval'),
    needs('interval_value', 'interval_value is required for interval schedules'),
    interval,
    needs('interval_unit', 'interval_unit is required for interval schedules'),
    unit,
  ),
  ({ id }) => (whole(id) ? undefined : `Invalid id: ${received(id)}`),
  ({ enabled }) => (typeof enabled === 'boolean' ? undefined : `Invalid enabled: ${received(enabled)}`),
];

function firstBroken(rules: readonly Rule[], fields: Fields): string | undefined {
  for (const rule of rules) {
    const message = rule(fields);
    if (message !== undefined) return message;
  }
  return undefined;
}

/** The contract's message for the first bad schedule of a list, or undefined. */
export function checkSchedules(schedules: unknown): string | undefined {
  if (!Array.isArray(schedules)) return 'schedules must be a list';
  for (const [index, schedule] of schedules.entries()) {
    if (schedule === null || typeof schedule !== 'object' || Array.isArray(schedule)) {
      return `Schedule at index ${index} must be a dict`;
    }
    const message = firstBroken(RULES, schedule as Fields);
    if (message !== undefined) return `Schedule at index ${index}: ${message}`;
  }
  return undefined;
}
