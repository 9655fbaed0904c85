import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { testFolder } from '../support/folder.ts';
import { jailed } from '../support/jail.ts';
import { asMember, MEMBER, NO_COVERAGE } from '../support/member.ts';
import { BareMachine, noPackagedDirectories } from '../support/packaged-directories.ts';
import { until } from '../support/until.ts';

const skip = noPackagedDirectories();

const INSTALLATIONS = 100;
/** It usually takes fewer than 20. */
const MOST_TRIES = 2_000;

/** The directories as an API server makes them, a canary that only root can enter, and a member that flips a name in
 * the directory of the database. */
async function underAttack(t: TestContext) {
  let end = () => {};
  t.after(() => end());
  const machine = new BareMachine(testFolder(t));
  const canary = machine.path('canary');
  mkdirSync(canary);
  chmodSync(canary, 0o700);
  const shared = machine.path('var/lib/dbcalm');
  mkdirSync(shared);
  chownSync(shared, 0, MEMBER.gid);
  chmodSync(shared, 0o2770);
  const name = join(shared, 'tmp');
  const stop = machine.path('stop');
  const script = join(import.meta.dirname, 'flipper.ts');
  const command = jailed(machine.folder, [process.execPath, script, name, canary, stop]);
  const [file, ...words] = command as [string, ...string[]];
  const flipper = spawn(file, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...NO_COVERAGE },
  });
  end = () => void flipper.kill('SIGKILL');
  const flips = text(flipper.stdout);
  await until('the first flip', () => lstatSync(name, { throwIfNoEntry: false }));
  return {
    machine,
    name,
    mode: () => statSync(canary).mode & 0o7777,
    stop: async () => {
      writeFileSync(stop, '');
      return Number(await flips);
    },
  };
}

test('postinst changes no other directory while a member of the group flips a name below its own', {
  skip,
}, async (t) => {
  const { machine, mode, stop } = await underAttack(t);
  for (let done = 0; done < INSTALLATIONS; done++) {
    machine.install();
    assert.equal(mode(), 0o700, `installation ${done}`);
  }
  const flips = await stop();
  assert.ok(flips > INSTALLATIONS, `only ${flips} flips`);
  assert.equal(statSync(machine.path('var/lib/dbcalm')).mode & 0o7777, 0o2770);
});

test('`install -d` after a check is redirected by the same flips, which shows that the attack works', {
  skip,
}, async (t) => {
  const { machine, name, mode, stop } = await underAttack(t);
  const look = `[ -e ${name} ] || install -d -m 2770 -o root -g dbcalm ${name}`;
  let tries = 0;
  for (; mode() === 0o700 && tries < MOST_TRIES; tries++) machine.run(look);
  t.diagnostic(`fell at try ${tries}, ${await stop()} flips`);
  assert.notEqual(mode(), 0o700, `the canary is untouched after ${tries} tries`);
});

test("postrm purges the daemon's own files, and nothing that a member of the group links to", {
  skip,
}, (t) => {
  const machine = new BareMachine(testFolder(t));
  machine.install();
  mkdirSync(machine.path('canary/inner'), { recursive: true });
  writeFileSync(machine.path('canary/file'), 'as it was');
  for (const name of ['cmd.log', 'cmd.log.1', 'cmd-audit.log'])
    writeFileSync(machine.path(join('var/log/dbcalm', name)), '');
  writeFileSync(machine.path('var/lib/dbcalm-cmd/state.sqlite3'), '');
  const plant = [
    `cd ${machine.path('var/log/dbcalm')}`,
    `mkdir cmd.log.2 && ln -s ${machine.path('canary')} cmd.log.3`,
    `ln -s ${machine.path('canary/file')} cmd-audit.log.1`,
    `cd ${machine.path('var/lib/dbcalm')} && ln -s ${machine.path('canary')} db.sqlite3-cmd-lock`,
    `mkdir db.sqlite3-cmd-lock-journal`,
  ];
  assert.equal(asMember(machine.folder, '/bin/sh', '-ec', plant.join('\n')).status, 0);
  machine.maintain('postrm', 'purge');
  assert.ok(existsSync(machine.path('canary/inner')));
  assert.equal(readFileSync(machine.path('canary/file'), 'utf8'), 'as it was');
  assert.deepEqual(readdirSync(machine.path('var/log/dbcalm')), ['cmd.log.2']);
  assert.deepEqual(readdirSync(machine.path('var/lib')), ['dbcalm']);
  assert.deepEqual(readdirSync(machine.path('var/backups')), []);
});
