import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Random } from '../chaos/random.ts';
import { BRISK, converse, type Reply, type SendOptions } from '../support/client.ts';
import type { Layout } from '../support/daemon.ts';
import { refusable } from '../support/refusable.ts';
import { schedulesOf } from '../support/schedules.ts';

export interface Sender {
  readonly at: Layout;
  readonly random: Random;
  /** Number of replies by code; `none` counts clients that did not wait. */
  readonly replies: Record<string, number>;
}

/** Sends one request, the `nth` of all. */
type Send = (sender: Sender, nth: number) => Promise<void>;

const KINDS: readonly [weight: number, send: Send][] = [
  [250, (sender, nth) => ask(sender, 202, deletion(sender, `missing-${nth}`))],
  [150, deleteFolder],
  [80, (sender) => ask(sender, 202, cleanup(null))],
  [70, (sender, nth) => ask(sender, 202, cleanup([1, 2].map((n) => pathOf(sender, `missing-${nth}-${n}`))))],
  [40, (sender, nth) => ask(sender, 202, cron(nth))],
  [250, sendRefusable],
  [30, (sender) => ask(sender, 202, cleanup(null), { piece: 1 })],
  [30, (sender) => ask(sender, 400, '{"cmd":"delete_dir', { halfClose: true })],
  [2, (sender) => ask(sender, 400, '{"cmd":"delete_dir', { halfClose: false })],
  [3, (sender) => ask(sender, 400, `{"cmd":"${'x'.repeat(1_048_576)}`, { piece: 65_536 })],
  [30, (sender) => vanish(sender, '')],
  [30, (sender) => vanish(sender, '{"cmd":"cleanup_ba')],
  [35, (sender) => vanish(sender, cleanup(null))],
];

export async function sendOne(sender: Sender, nth: number): Promise<void> {
  await sender.random.weighted(KINDS)(sender, nth);
}

const pathOf = ({ at }: Sender, name: string) => join(at.backups, name);
const deletion = (sender: Sender, name: string) =>
  JSON.stringify({ cmd: 'delete_directory', args: { path: pathOf(sender, name) } });
const cleanup = (folders: string[] | null) =>
  JSON.stringify({ cmd: 'cleanup_backups', args: { backup_ids: null, folders } });
const cron = (update: number) =>
  JSON.stringify({ cmd: 'update_cron_schedules', args: { schedules: schedulesOf(update) } });

async function deleteFolder(sender: Sender, nth: number): Promise<void> {
  const path = pathOf(sender, `small-${nth}`);
  mkdirSync(path);
  for (const file of ['1', '2', '3']) writeFileSync(join(path, file), '');
  await ask(sender, 202, deletion(sender, `small-${nth}`));
}

async function sendRefusable(sender: Sender): Promise<void> {
  const [code, bytes] = sender.random.pick(refusable(sender.at));
  await ask(sender, code, bytes);
}

/** Sends a request and asserts that the reply has this code, or 503 if there is no room. */
async function ask(sender: Sender, code: number, bytes: string, options: SendOptions = {}): Promise<void> {
  const { at, random, replies } = sender;
  const heard = await converse(at.socket, bytes, { halfClose: random.chance(0.5), ...options });
  const { text, error, longestPause } = heard;
  const reply = text === '' ? undefined : (JSON.parse(text) as Reply);
  if (longestPause > BRISK && (reply === undefined || reply.code === 400)) return;
  if (reply === undefined) throw new Error(`no reply (${error ?? 'closed'}) to ${bytes.slice(0, 200)}`);
  if (reply.code !== code && reply.code !== 503)
    throw new Error(`${text} instead of ${code} for ${bytes.slice(0, 200)}`);
  replies[reply.code] = (replies[reply.code] ?? 0) + 1;
}

/** Connects, sends the bytes and leaves without a wait for the reply. */
function vanish({ at, replies }: Sender, bytes: string): Promise<void> {
  replies.none = (replies.none ?? 0) + 1;
  return new Promise((resolve) => {
    const socket = connect(at.socket);
    socket.on('connect', () => socket.write(bytes, () => socket.destroy()));
    socket.on('error', () => {}).on('close', () => resolve());
  });
}
