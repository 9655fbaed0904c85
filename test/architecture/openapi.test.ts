import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { LOOK_LIMIT, MAX_DRY_RUNS } from '../../src/actors/admin/dry-runs.ts';
import { MAX_READERS } from '../../src/actors/admin/routes/events.ts';
import { ROUTES } from '../../src/actors/admin/routes/table.ts';
import { MAX_ENTRIES } from '../../src/actors/process/steps/survey-removal.ts';
import { WHITELIST } from '../../src/commands/whitelist.ts';
import { ANSWER_LIMIT, MAX_CONNECTIONS } from '../../src/io/admin/server.ts';
import { MAX_LOOKED_AT } from '../../src/io/history/process-list.ts';
import { STATES } from '../../src/io/history/rows.ts';
import { CONNECTION_LIMITS } from '../../src/machines/connection/context.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly enum?: readonly string[] };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const TEXT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'openapi.yml'), 'utf8');
const PAGE = load(TEXT) as { readonly paths: Record<string, Record<string, Operation>> };

/** `GET /processes?limit&state`, for every operation in the page. */
const written = Object.entries(PAGE.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, { parameters = [] }]) => {
    const query = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    return [method.toUpperCase(), path, query];
  }),
);

test('docs/openapi.yml has every route with its parameters, and no other', () => {
  const there = ROUTES.map(({ method, path, query }) => [method, path, query]);
  assert.deepEqual(written, there);
});

test('docs/openapi.yml declares every path parameter and every response, and all its references resolve', () => {
  for (const [path, operations] of Object.entries(PAGE.paths)) {
    for (const { parameters = [], responses } of Object.values(operations)) {
      const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      assert.deepEqual(
        named,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        path,
      );
      assert.ok(responses['200'], path);
    }
  }
  for (const [, kind, name] of TEXT.matchAll(/'#\/components\/(\w+)\/(\w+)'/g)) {
    const { components } = PAGE as unknown as { components: Record<string, Record<string, unknown>> };
    assert.ok(components[kind as string]?.[name as string], name);
  }
});

test('docs/openapi.yml states the limits of the code', () => {
  const states = PAGE.paths['/processes']?.get?.parameters?.find(({ name }) => name === 'state');
  assert.deepEqual(states?.schema.enum, STATES);
  assert.ok(TEXT.includes(`its newest ${MAX_LOOKED_AT.toLocaleString('en')} rows`));
  const { SILENCE_LIMIT, REQUEST_LIMIT } = CONNECTION_LIMITS;
  const told = [
    `At most ${MAX_CONNECTIONS} ask at once, and a question with its answer has ${ANSWER_LIMIT / 1_000} s.`,
    `at most ${MAX_READERS} read at once`,
    `(1 MiB, ${SILENCE_LIMIT} ms between two pieces, ${REQUEST_LIMIT / 1_000} s in all)`,
    `at most ${LOOK_LIMIT / 1_000} s and at most ${MAX_ENTRIES.toLocaleString('en')} entries`,
    `At most ${MAX_DRY_RUNS} at once`,
    `cmd: { enum: [${WHITELIST.map(({ name }) => name).join(', ')}] }`,
  ];
  const text = TEXT.replaceAll(/\s+/g, ' ');
  for (const words of told) assert.ok(text.includes(words), words);
});
