import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootMachine, noBoot } from '../support/booted.ts';

test('cron runs a job of the crontab that the daemon has written', { skip: noBoot() }, async (t) => {
  const machine = await bootMachine(t);
  const schedule = {
    id: 7,
    backup_type: 'incremental',
    frequency: 'interval',
    interval_value: 1,
    interval_unit: 'minutes',
    enabled: true,
  };
  await machine.ask({ cmd: 'update_cron_schedules', args: { schedules: [schedule] } });
  assert.equal((await machine.settled())[0]?.status, 'success');
  const log = '/var/log/dbcalm/cron-7.log';
  const ran = async () => existsSync(join(machine.at.root, log)) && machine.read(log) !== '';
  // Cron checks its files once a minute, and then runs the due jobs.
  await machine.until('the job', ran, 180_000);
  assert.match(machine.read(log), /^called with backup incremental --schedule-id 7\n/);
});
