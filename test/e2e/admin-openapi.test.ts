import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import * as Schema from 'typebox/schema';
import { adminSocket, look, readEvents } from '../support/admin.ts';
import { startDaemon } from '../support/daemon.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { until } from '../support/until.ts';

type Node = Record<string, unknown>;

/** Closes each object schema: it allows no field that it does not name. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (node === null || typeof node !== 'object') return node;
  const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const names = (node as Node).type === 'object' && 'properties' in node;
  return names ? { additionalProperties: false, ...inner } : inner;
}

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'openapi.yml');
const PAGE = closed(load(readFileSync(FILE, 'utf8'))) as Node & { paths: Node };

/** Returns the node at the path `names` and follows references. */
function at(from: unknown, ...names: string[]): Node {
  return names.reduce((node, name) => {
    const next = (node as Node)[name] as Node;
    const { $ref } = next;
    return typeof $ref === 'string' ? at(PAGE, ...$ref.slice(2).split('/')) : next;
  }, from as Node);
}

/** Returns the schema errors of `value` as the body of this answer. */
function objections(path: string, status: number, contentType: string, value: unknown): unknown[] {
  const schema = at(PAGE.paths, path, 'get', 'responses', String(status), 'content', contentType, 'schema');
  const [, errors] = Schema.Errors({ ...schema, components: PAGE.components } as never, value);
  return errors;
}

test('admin answers match docs/openapi.yml, field by field', async (t) => {
  const daemon = await startDaemon(t);
  const { command_id } = await daemon.carryOut('update_cron_schedules', { schedules: [] });
  await daemon.ask({ cmd: 'delete_directory', args: { path: daemon.at.backups } });
  const held = await holdDeletion(daemon, 'held');
  const asked: [string, string, number][] = [
    ['/healthz', '/healthz', 200],
    ['/readyz', '/readyz', 200],
    ['/state', '/state', 200],
    ['/processes', '/processes', 200],
    ['/processes', '/processes?limit=0', 400],
    ['/processes/{id}', `/processes/${command_id}`, 200],
    ['/processes/{id}', `/processes/${held.commandId}`, 200],
    ['/processes/{id}', '/processes/none', 404],
  ];
  for (const [path, target, status] of asked) {
    const found = await look(adminSocket(daemon), target);
    assert.equal(found.status, status, target);
    const body = JSON.parse(found.text);
    assert.deepEqual(objections(path, status, 'application/json', body), [], target);
  }
  held.release();
  await daemon.ended(held.commandId);
});

test('/events lines match docs/openapi.yml', async (t) => {
  const daemon = await startDaemon(t);
  const reader = await readEvents(daemon);
  t.after(() => reader.leave());
  await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  await until('the end', () =>
    reader.lines.some(({ kind, actor }) => kind === 'end' && actor === 'process-0'),
  );
  for (const line of [...reader.lines, { lost: 3 }]) {
    assert.deepEqual(objections('/events', 200, 'application/x-ndjson', line), [], JSON.stringify(line));
  }
});

test('schema check fails for an answer with an additional field and for one without a field', () => {
  const healthy = { ok: true, pid: 1, version: '1', uptime_s: 0 };
  const { pid: _, ...less } = healthy;
  const fits = (body: unknown) => objections('/healthz', 200, 'application/json', body).length === 0;
  assert.deepEqual([healthy, { ...healthy, more: 1 }, less].map(fits), [true, false, false]);
});
