import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHARTS } from '../../../src/cli/machine-charts.ts';
import { layOut } from '../../../src/cli/web/chart-layout.ts';
import { pathOf } from '../../../src/cli/web/chart-path.ts';
import type { Drawing } from '../../../src/cli/web/drawing.ts';

const drawing = (name: string) => CHARTS.filter((chart) => chart.name === name).map(layOut)[0] as Drawing;
const process = drawing('process');

test('a path that was watched whole has each state, arrow and start', () => {
  const steps = ['pending.recording', 'pending.waiting', 'running.recording', 'running.preparing'];
  assert.deepEqual(pathOf(process, steps, true), {
    states: [
      ...['arriving', 'pending', 'pending_recording', 'pending_waiting'],
      ...['running', 'running_recording', 'running_preparing'],
    ],
    arrows: [
      'arriving pending',
      'pending_recording pending_waiting',
      'pending_waiting running',
      'running_recording running_preparing',
    ],
    starts: ['', 'pending', 'running'],
  });
});

test('one that was not watched from its beginning has no beginning', () => {
  assert.deepEqual(pathOf(process, ['running.finishing', 'settling', 'failed'], false), {
    states: ['running', 'running_finishing', 'settling', 'failed'],
    arrows: ['running_finishing settling', 'settling failed'],
    starts: [],
  });
});

test('the states on record are known, and of the arrows only what must have been one', () => {
  assert.deepEqual(pathOf(process, ['pending', 'running', 'succeeded'], false), {
    states: ['pending', 'running', 'succeeded'],
    arrows: ['pending_waiting running'],
    starts: [],
  });
});

test('what is left from whatever is inside, and what goes past a start', () => {
  const { arrows } = pathOf(drawing('connection'), ['reading.silent', 'parsing', 'replying'], true);
  assert.deepEqual(arrows, ['arriving reading', 'reading parsing', 'parsing replying']);
  const recovered = pathOf(process, ['recovering.planning', 'running.adopting'], false);
  assert.deepEqual([recovered.arrows, recovered.starts], [['recovering_planning running_adopting'], []]);
});

test('states that the chart does not know, or none, are no path', () => {
  assert.deepEqual(pathOf(process, ['nowhere', 'running.executing'], false).arrows, []);
  assert.deepEqual(pathOf(process, [], false), { states: [], arrows: [], starts: [] });
});
