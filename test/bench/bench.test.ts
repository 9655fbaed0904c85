import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Mark, Row } from '../../bench/case.ts';
import { CASES } from '../../bench/cases.ts';
import { chartOf } from '../../bench/chart.ts';
import { figureOf } from '../../bench/figures.ts';
import type { Report } from '../../bench/run-bench.ts';
import { headOf, tableOf } from '../../bench/table.ts';
import { testFolder } from '../support/folder.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');

/** Every case but the one that needs the history of the repository and takes four daemons. */
const MEASURED = CASES.map(({ name }) => name).filter((name) => name !== 'inspection');

test('`npm run bench -- --quick` measures every case against its floor and its goals', (t) => {
  const chart = join(testFolder(t), 'chart.svg');
  const args = ['--quick', '--json', '--only', MEASURED.join(), '--chart', chart, '--executable', 'nowhere'];
  const printed = execFileSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
    cwd: '/',
  });
  const report = JSON.parse(printed) as Report;
  assert.deepEqual(
    report.cases.map(({ name }) => name),
    MEASURED,
  );
  assert.match(report.notes.join(), /executable is left out: there is none at \/nowhere\./);
  for (const { name, rows, marks } of report.cases) {
    for (const { what, figure } of rows) {
      assert.ok(Number.isFinite(figure.median) && figure.low <= figure.high, `${name}: ${what}`);
    }
    // Only the start of the shipped executable has a goal.
    assert.equal(marks.length > 0, name !== 'start', name);
    for (const { goal, value } of marks) assert.ok(Number.isFinite(value), `${name}: ${goal}`);
  }
  const subjects = report.cases.flatMap(({ rows }) => rows.map(({ subject }) => subject));
  for (const floor of [
    'socket floor',
    'spawn floor',
    'commit floor',
    'cron floor',
    'node -e 0',
    'bare Node',
  ]) {
    assert.ok(subjects.includes(floor), floor);
  }
  assert.match(readFileSync(chart, 'utf8'), /^<svg [\s\S]+refusals, development[\s\S]+<\/svg>\n$/);
});

test('`npm run bench` names an unknown case or commit', () => {
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', stdio: 'pipe' });
  assert.throws(() => run('--only', 'speed'), /no case is called speed; there are latency, /);
  assert.throws(() => run('--against', 'abcdef'), /this clone has no commit abcdef/);
});

test('`tableOf` and `chartOf` show which goals are met and which are missed', () => {
  const rows: Row[] = [{ subject: 'development', what: 'ms', figure: figureOf([3, 1, 2]) }];
  const mark = { subject: 'development', limit: 2, better: 'less' as const };
  const marks: Mark[] = [
    { ...mark, goal: 'quick', value: 1 },
    { ...mark, goal: 'quicker & <best>', value: 4 },
  ];
  const report: Report = {
    at: '2026-11-25T00:00:00.000Z',
    machine: { cpus: 2, model: 'x', kernel: '6', node: '24' },
    rounds: 3,
    notes: ['left out'],
    cases: [{ name: 'latency', about: 'one client', rows, marks, notes: [] }],
  };
  assert.match(headOf(report), /of 3 rounds\nleft out$/);
  const lines = report.cases
    .map(tableOf)
    .join('\n')
    .split('\n')
    .map((line) => line.trim().replaceAll(/ +/g, ' '));
  assert.ok(lines.includes('development ms 2 (1–3)'), lines.join('\n'));
  assert.ok(lines.includes('MET development quick 1 at most 2'));
  assert.ok(lines.includes('MISSED development quicker & <best> 4 at most 2'));
  const chart = chartOf(report);
  assert.match(chart, /latency, development: quicker &#38; &#60;best&#62;/);
  assert.match(chart, /4 \(goal 2\)/);
});
