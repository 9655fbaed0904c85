import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { dryRun } from '../../../../src/actors/admin/routes/dry-run.ts';
import type { Asked } from '../../../../src/actors/admin/routes/route.ts';
import { previewPlan } from '../../../../src/actors/process/steps/preview.ts';
import type { Plan } from '../../../../src/commands/command.ts';
import { testFolder } from '../../../support/folder.ts';
import { replaceStep } from '../../../support/replace-step.ts';

const LINES = 2_000;

/** A cron update of many schedules, which is previewed until `stop` is called. */
function largeUpdate(t: TestContext) {
  const folder = testFolder(t);
  const target = join(folder, 'dbcalm');
  writeFileSync(target, '# nothing yet\n');
  const content = '30 2 * * * root /usr/bin/dbcalm backup full\n'.repeat(LINES);
  const step = replaceStep(folder, content);
  const plan: Plan = {
    type: 'update_cron_schedules',
    command: '/bin/mv',
    args: {},
    touches: [],
    step,
    warnings: [],
  };
  const time = new AbortController();
  const look = () => previewPlan({ plan, roots: [], now: new Date(0), signal: time.signal });
  return { target, look, stop: () => time.abort() };
}

const TOO_SLOW = { code: 'PREVIEW_TOO_SLOW', message: /could not be shown in time: .*dbcalm$/ };

test('`previewPlan` refuses a cron update that takes too long, and looks at nothing else', async (t) => {
  const { look, stop } = largeUpdate(t);
  const { shown, settled } = look();
  await setImmediate();
  stop();
  await assert.rejects(shown, TOO_SLOW);
  await assert.rejects(settled, TOO_SLOW);
  const late = look();
  await assert.rejects(late.shown, TOO_SLOW);
});

test('`previewPlan` shows the whole cron update if there is time', async (t) => {
  const { cron } = await largeUpdate(t).look().shown;
  assert.equal(cron?.lines.length, LINES);
});

test('`dryRun` answers 503 with the reason and the remedy if the preview takes too long', async (t) => {
  const { look, stop } = largeUpdate(t);
  const run = () => {
    stop();
    return look().shown;
  };
  const asked = { sight: { dryRuns: { isFull: false, run } }, body: Readable.from([]) } as unknown as Asked;
  const answer = (await dryRun.answer(asked)) as { status: number; body: { error: string } };
  assert.equal(answer.status, 503);
  assert.match(answer.body.error, /could not be shown in time: .*dbcalm; ask with fewer schedules/);
});
