import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RemovalSurvey } from '../../../../src/actors/process/steps/survey-removal.ts';
import { testFolder } from '../../../support/folder.ts';

const GOES_ON = new AbortController().signal;

function stand(t: TestContext) {
  const folder = testFolder(t);
  const root = join(folder, 'root');
  for (const name of ['root/a/inner', 'root/b', 'outside/a/inner/more']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(root, 'b', 'file'), 'x'.repeat(70));
  const survey = async (paths: string[], signal = GOES_ON) => {
    const looking = new RemovalSurvey(paths, [root], signal);
    await looking.look();
    return looking.report();
  };
  return { folder, root, survey };
}

const states = (report: Awaited<ReturnType<ReturnType<typeof stand>['survey']>>) =>
  report.paths.map((found) => [found.state, 'entries' in found ? found.entries : undefined]);

test('`RemovalSurvey` sizes paths in many directories, and keeps no descriptor open', async (t) => {
  const { root, survey } = stand(t);
  closeSync(openSync(root, 'r'));
  const before = readdirSync('/proc/self/fd').length;
  const report = await survey(['a/inner', 'b', 'none', 'none/x', 'b/file/x'].map((name) => join(root, name)));
  assert.deepEqual(states(report), [
    ['there', 1],
    ['there', 2],
    ['missing', undefined],
    ['within', undefined],
    ['within', undefined],
  ]);
  const { freed_bytes: _ofTheDisk, ...total } = report.total;
  assert.deepEqual(total, { entries: 3, apparent_bytes: 70, complete: true });
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('`RemovalSurvey` does not follow a directory that became a symlink after the check, and reports it as unseen', async (t) => {
  const { folder, root, survey } = stand(t);
  renameSync(join(root, 'a'), join(root, 'aside'));
  symlinkSync(join(folder, 'outside', 'a'), join(root, 'a'));
  const report = await survey([join(root, 'a', 'inner'), join(root, 'b')]);
  assert.deepEqual(states(report), [
    ['unseen', undefined],
    ['there', 2],
  ]);
  const [first] = report.paths;
  assert.match(first?.state === 'unseen' ? first.why : '', /is not where the path says/);
  assert.equal(report.total.complete, false);
});

test('`RemovalSurvey` reports what it has seen when its time is over', async (t) => {
  const { root, survey } = stand(t);
  const report = await survey([join(root, 'a'), join(root, 'b')], AbortSignal.abort());
  const why = 'the time for it is over';
  assert.deepEqual(report.paths, [
    { path: join(root, 'a'), state: 'unseen', why },
    { path: join(root, 'b'), state: 'unseen', why },
  ]);
  assert.equal(report.total.complete, false);
});

test('`RemovalSurvey` marks an unfinished count in an early report as incomplete', async (t) => {
  const { root } = stand(t);
  const looking = new RemovalSurvey([join(root, 'a')], [root], GOES_ON);
  const done = looking.look();
  const [early] = looking.report().paths;
  assert.ok(early?.state === 'there' && !early.complete && early.entries === 0);
  await done;
  const [late] = looking.report().paths;
  assert.ok(late?.state === 'there' && late.complete && late.entries === 2);
});

test('`RemovalSurvey` lets the event loop turn while it looks for thousands of missing directories', async (t) => {
  const { root, survey } = stand(t);
  let done = false;
  let turns = 0;
  const turn = () => {
    turns++;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  const report = await survey(Array.from({ length: 2_000 }, (_, index) => join(root, `gone${index}`, 'x')));
  done = true;
  assert.ok(report.paths.every(({ state }) => state === 'missing'));
  assert.ok(turns >= 9, `${turns} turns`);
});
