import { Check } from 'typebox/value';
import { isId } from '../io/fs/names.ts';
import { type Refusal, refuse } from '../io/socket/reply.ts';
import type { CommandText } from '../io/store/records.ts';
import type { Command, CommandSettings, Plan, Stamp } from './command.ts';

export type Request = { readonly [key: string]: unknown };
export type Outcome<T> = { readonly ok: T } | { readonly refusal: Refusal };

const bad = (message: string) => ({ refusal: refuse(400, message) });
const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** From the bytes of a complete request to a JSON object. */
export function parseRequest(bytes: Uint8Array): Outcome<Request> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bad('Invalid JSON: the request is not valid UTF-8');
  }
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { ok: value } : bad('Invalid JSON: the request is not an object');
  } catch (error) {
    return bad(`Invalid JSON: ${(error as Error).message}`);
  }
}

/** From the stored text of a request to its plan, by the same checks as when it came. The id is checked as well: it names a
 * file. */
export function replanRequest(
  text: string,
  whitelist: readonly Command[],
  settings: CommandSettings,
  stamp: Stamp,
): Outcome<Plan> {
  if (!isId(stamp.id))
    return bad(`the record names ${JSON.stringify(stamp.id.slice(0, 80))}, which is no id`);
  const parsed = parseRequest(Buffer.from(text));
  return 'ok' in parsed ? planRequest(parsed.ok, whitelist, settings, stamp) : parsed;
}

/** The texts of a command that was accepted, from the stored text of its request, whatever is allowed today. Undefined where they
 * cannot be told. */
export function describeRequest(
  text: string,
  whitelist: readonly Command[],
  settings: CommandSettings,
  stamp: Stamp,
): CommandText | undefined {
  try {
    const { cmd, args } = JSON.parse(text) as {
      readonly cmd: unknown;
      readonly args: Record<string, unknown>;
    };
    const plan = whitelist.find(({ name }) => name === cmd)?.plan(args, settings, stamp);
    return plan && { command: plan.command, args: JSON.stringify(plan.args) };
  } catch {
    return undefined;
  }
}

/** From a JSON object to the frozen plan of a whitelisted command. */
export function planRequest(
  request: Request,
  whitelist: readonly Command[],
  settings: CommandSettings,
  stamp: Stamp,
): Outcome<Plan> {
  const name = Object.hasOwn(request, 'cmd') ? request.cmd : undefined;
  const command = whitelist.find((candidate) => candidate.name === name);
  if (!command) return bad('Invalid command');
  const args = (Object.hasOwn(request, 'args') ? request.args : undefined) ?? {};
  if (!isObject(args)) return bad('args must be an object');
  const message = missing(command, args) ?? command.rules?.(args) ?? wrongType(command, args);
  if (message !== undefined) return bad(message);
  const refusal = command.permit?.(args, settings);
  if (refusal) return { refusal };
  return { ok: deepFreeze(command.plan(args, settings, stamp)) };
}

function missing(command: Command, args: Record<string, unknown>): string | undefined {
  const name = Object.keys(command.schema.properties).find((key) => !Object.hasOwn(args, key));
  return name === undefined ? undefined : `Missing required argument ${name}`;
}

function wrongType(command: Command, args: Record<string, unknown>): string | undefined {
  for (const [name, schema] of Object.entries(command.schema.properties)) {
    if (Check(schema, args[name])) continue;
    return `${name} must be ${(schema as { must?: string }).must ?? 'of another type'}`;
  }
  return undefined;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (inner !== null && typeof inner === 'object' && !Object.isFrozen(inner)) deepFreeze(inner);
  }
  return Object.freeze(value);
}
