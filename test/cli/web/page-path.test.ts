import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHARTS } from '../../../src/cli/machine-charts.ts';
import { layOut } from '../../../src/cli/web/chart-layout.ts';
import { pathOf } from '../../../src/cli/web/chart-path.ts';
import type { Drawing } from '../../../src/cli/web/drawing.ts';

const drawing = (name: string) => CHARTS.filter((chart) => chart.name === name).map(layOut)[0] as Drawing;
const process = drawing('process');

test('`pathOf` gives each state, arrow and start of a completely observed path', () => {
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

test('`pathOf` gives no start for a path that was not observed from its beginning', () => {
  assert.deepEqual(pathOf(process, ['running.finishing', 'settling', 'failed'], false), {
    states: ['running', 'running_finishing', 'settling', 'failed'],
    arrows: ['running_finishing settling', 'settling failed'],
    starts: [],
  });
});

test('`pathOf` gives the recorded states, and only the arrows that they imply', () => {
  assert.deepEqual(pathOf(process, ['pending', 'running', 'succeeded'], false), {
    states: ['pending', 'running', 'succeeded'],
    arrows: ['pending_waiting running'],
    starts: [],
  });
});

test('`pathOf` finds an arrow that leaves from any inner state, and one that skips a start', () => {
  const { arrows } = pathOf(drawing('connection'), ['reading.silent', 'parsing', 'replying'], true);
  assert.deepEqual(arrows, ['arriving reading', 'reading parsing', 'parsing replying']);
  const recovered = pathOf(process, ['recovering.planning', 'running.adopting'], false);
  assert.deepEqual([recovered.arrows, recovered.starts], [['recovering_planning running_adopting'], []]);
});

test('`pathOf` gives no arrows for unknown states or none', () => {
  assert.deepEqual(pathOf(process, ['nowhere', 'running.executing'], false).arrows, []);
  assert.deepEqual(pathOf(process, [], false), { states: [], arrows: [], starts: [] });
});
