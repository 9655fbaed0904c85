import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from 'xstate';
import { chartOf } from '../../src/cli/chart.ts';
import { dot } from '../../src/cli/dot.ts';
import { CHARTS } from '../../src/cli/machine-charts.ts';
import { mermaid } from '../../src/cli/mermaid.ts';

const chart = chartOf(
  createMachine({
    id: 'lamp',
    description: 'A "lamp".',
    initial: 'off',
    states: {
      off: { on: { press: [{ guard: 'isCharged', target: 'on' }, { target: 'broken' }] } },
      on: {
        description: 'It shines.',
        initial: 'bright',
        states: { bright: { after: { DIM: 'dim' } }, dim: {} },
        invoke: { src: 'burn', onDone: 'off', onError: 'broken' },
        on: { touch: {} },
      },
      broken: { type: 'final' },
    },
    on: { anything: '.broken' },
  }),
);

test('`chartOf` gives the states of a machine and the arrows between them', () => {
  assert.equal(chart.description, 'A "lamp".');
  assert.deepEqual(
    chart.states.map(({ id, initial, final, invokes, states }) => [
      id,
      initial,
      final,
      invokes,
      states.length,
    ]),
    [
      ['off', true, false, [], 0],
      ['on', false, false, ['burn'], 2],
      ['broken', false, true, [], 0],
    ],
  );
  assert.deepEqual(
    chart.transitions.map(({ from, to, on, guard }) => [from, to, on, guard]),
    [
      ['off', 'on', 'press', 'isCharged'],
      ['off', 'broken', 'press', null],
      ['on', 'off', 'burn is done', null],
      ['on', 'broken', 'burn failed', null],
      ['on_bright', 'on_dim', 'after DIM', null],
    ],
  );
});

test('`mermaid` draws a state diagram', () => {
  const text = mermaid(chart);
  assert.match(text, /^stateDiagram-v2\n {2}\[\*\] --> off\n/);
  assert.match(text, / {2}state "on" as on \{\n {4}\[\*\] --> on_bright\n/);
  assert.match(text, / {2}off --> on: press \[isCharged\]\n/);
});

test('`dot` draws a digraph', () => {
  const text = dot(chart);
  assert.match(text, /^digraph "lamp" \{\n[\s\S]+\n\}$/);
  assert.match(text, /subgraph "cluster_on" \{\n {4}label="on";\n {4}"on_start" \[shape=point\];/);
  assert.match(text, /"off" -> "on_start" \[label="press \[isCharged\]", lhead="cluster_on"\];/);
  assert.match(text, /"on_start" -> "off" \[label="burn is done", ltail="cluster_on"\];/);
  assert.match(text, /"broken" \[label="broken", peripheries=2\];/);
});

test('`CHARTS` has every machine of the daemon, and every arrow joins known states', () => {
  assert.deepEqual(
    CHARTS.map(({ name }) => name),
    ['connection', 'process', 'daemon'],
  );
  for (const { name, description, states, transitions } of CHARTS) {
    assert.ok(description, name);
    const flat = (some: typeof states): string[] => some.flatMap(({ id, states }) => [id, ...flat(states)]);
    const known = new Set(flat(states));
    for (const { from, to } of transitions) assert.ok(known.has(from) && known.has(to), `${from} → ${to}`);
  }
});
