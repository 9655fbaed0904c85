import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { converse, type Reply } from '../support/client.ts';
import type { Layout } from '../support/daemon.ts';
import { refusable } from '../support/refusable.ts';
import { schedulesOf } from '../support/schedules.ts';
import type { Gate } from './gate.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';

export interface Client {
  readonly name: string;
  readonly at: Layout;
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Called between the turns of the client. */
  readonly glance: () => void;
}

type Turn = (client: Client, name: string) => Promise<void>;

const TURNS: readonly [weight: number, turn: Turn][] = [
  [40, deleteOne],
  [15, cleanUpSeveral],
  [3, cleanUpNothing],
  [25, updateCron],
  [10, sendRefusable],
  [7, deleteFamily],
];

/** Sends random commands until no daemon will come any more. */
export async function runClient(client: Client): Promise<void> {
  const { gate, random } = client;
  for (let turns = 0; await gate.passed(); turns++) {
    const turn = random.weighted(TURNS);
    await gate.during(turn(client, `${client.name}-${turns}`));
    client.glance();
  }
}

async function deleteOne(client: Client, name: string): Promise<void> {
  await send(client, deletion(lone(client, name)));
}

async function cleanUpSeveral(client: Client, name: string): Promise<void> {
  const names = Array.from({ length: 2 + client.random.below(4) }, (_, index) => `${name}-${index}`);
  const folders = names.map((each) => lone(client, each));
  await send(client, { cmd: 'cleanup_backups', args: { backup_ids: names, folders } });
}

async function cleanUpNothing(client: Client): Promise<void> {
  await send(client, { cmd: 'cleanup_backups', args: { backup_ids: null, folders: null } });
}

async function updateCron(client: Client): Promise<void> {
  const { ledger } = client;
  const update = ledger.newUpdate();
  ledger.unanswered.add(update);
  const reply = await send(client, {
    cmd: 'update_cron_schedules',
    args: { schedules: schedulesOf(update) },
  });
  if (reply === undefined) return;
  ledger.unanswered.delete(update);
  if (reply.id !== undefined) ledger.updates.set(reply.id, update);
}

async function sendRefusable(client: Client): Promise<void> {
  const [code, bytes] = client.random.pick(refusable(client.at));
  await send(client, bytes, code);
}

/** Commands on nested directories, and on the same ones, at once. */
async function deleteFamily(client: Client, name: string): Promise<void> {
  const parent = folder(client, name);
  const child = folder(client, join(name, 'child'));
  const paths = [parent, child, join(child, '7'), parent].filter(() => client.random.chance(0.7));
  await Promise.all(paths.map((path) => send(client, deletion(path))));
}

const deletion = (path: string) => ({ cmd: 'delete_directory', args: { path } });

function lone(client: Client, name: string): string {
  const path = folder(client, name);
  client.ledger.lone.add(path);
  return path;
}

function folder({ at, random }: Client, name: string): string {
  const path = join(at.backups, name);
  mkdirSync(path);
  // Some are large enough for a kill to interrupt their `rm`.
  const files = random.chance(0.1) ? 200 + random.below(600) : random.below(6);
  for (let file = 0; file < files; file++) writeFileSync(join(path, String(file)), '');
  return path;
}

/** Sends one request and records the result. Returns undefined if there was no reply. */
async function send(client: Client, request: unknown, code = 202): Promise<Reply | undefined> {
  const { at, ledger, random } = client;
  const bytes = typeof request === 'string' ? request : JSON.stringify(request);
  const { text, error } = await converse(at.socket, bytes, { halfClose: random.chance(0.5) });
  if (error === 'ECONNREFUSED' || error === 'ENOENT') return undefined;
  ledger.requests++;
  if (text === '') return undefined;
  const reply = JSON.parse(text) as Reply;
  if (reply.code !== code && reply.code !== 503) {
    throw new Error(`${text} instead of ${code} for ${bytes.slice(0, 200)}`);
  }
  if (reply.id !== undefined) ledger.acknowledged.add(reply.id);
  else ledger.refused++;
  return reply;
}
