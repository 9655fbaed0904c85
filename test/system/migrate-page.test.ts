import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { type BootedMachine, bootMachine, noBoot } from '../support/booted.ts';
import { type BootedRoot, disableUnits, writeProgram } from '../support/booted-root.ts';
import { EMPTY } from '../support/callers.ts';
import { ask } from '../support/client.ts';

const skip = noBoot();

const page = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');

/** Returns the commands below a heading, block by block. They delete only where the machine does. */
function blocksOf(text: string, heading: string, { backups }: BootedRoot): string[] {
  const [, part = ''] = text.split(new RegExp(`^## (?:\\d+\\. )?${heading}.*\\n`, 'm'));
  const blocks = [...(part.split('\n## ')[0] as string).matchAll(/```sh\n([\s\S]+?)```/g)];
  assert.ok(blocks.length > 0, heading);
  return blocks.map(([, block]) => (block as string).replaceAll('/var/backups/dbcalm', backups));
}

const follow = (machine: BootedMachine, text: string, heading: string) =>
  runAll(machine, blocksOf(text, heading, machine.at));

async function runAll(machine: BootedMachine, blocks: readonly string[]): Promise<string[]> {
  const heard: string[] = [];
  for (const block of blocks) {
    const ran = await machine.run('/bin/sh', '-euc', block);
    assert.equal(ran.code, 0, `${block}\n${ran.text}`);
    heard.push(ran.text);
  }
  return heard;
}

/** Installs an old daemon, played by the present one. It creates its socket itself, and its unit is where its
 * installer put it. The package is unpacked next to it. */
function installOld({ root, usr }: BootedRoot): void {
  disableUnits(usr);
  const unit = [
    '[Service]',
    'Group=dbcalm',
    'ExecStart=/usr/bin/dbcalm-cmd',
    'RuntimeDirectory=dbcalm',
    'RuntimeDirectoryMode=2774',
    'RuntimeDirectoryPreserve=yes',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  const units = join(root, 'etc/systemd/system');
  writeFileSync(join(units, 'dbcalm-cmd.service'), `${unit.join('\n')}\n`);
  mkdirSync(join(units, 'multi-user.target.wants'));
  symlinkSync('../dbcalm-cmd.service', join(units, 'multi-user.target.wants', 'dbcalm-cmd.service'));
  const trial = join(root, 'opt/dbcalm-cmd-trial/usr/bin');
  mkdirSync(trial, { recursive: true });
  writeProgram(join(trial, 'dbcalm-cmd'), 'exec /usr/bin/dbcalm-cmd "$@"');
}

/** Waits for the socket, since an old daemon does not notify systemd. */
const listens = (machine: BootedMachine) =>
  machine.until('the old daemon to listen', async () => existsSync(machine.socket));

const unitFile = (machine: BootedMachine) => machine.property('FragmentPath');

test('docs/migrate.md leads from an old daemon to this one and back', { skip }, async (t) => {
  const text = page('migrate.md');
  const machine = await bootMachine(t, installOld);
  assert.equal(await unitFile(machine), '/etc/systemd/system/dbcalm-cmd.service');
  await listens(machine);
  const b1 = join(machine.at.backups, 'b1');
  await machine.ask({ cmd: 'delete_directory', args: { path: b1 } });
  await machine.settled();

  await follow(machine, text, 'Deploy');
  const [started, asked] = await follow(machine, text, 'Run both');
  assert.match(started as string, /^shadow mode: listening$/m);
  assert.match(asked as string, /succeeded after/);
  assert.equal(machine.rows().length, 1);
  const [rows, sent] = await follow(machine, text, 'Compare');
  assert.equal(rows?.split('\n').at(-1), '1 compared: 1 the same, 0 different');
  assert.equal(sent?.split('\n').at(-1), '2 compared: 2 the same, 0 different');
  assert.ok(!existsSync(join(machine.at.root, machine.at.backups, 'compare-me')));

  const [stop, ...start] = blocksOf(text, 'Switch', machine.at);
  await runAll(machine, [stop as string]);
  const database = new Database(join(machine.at.root, 'var/lib/dbcalm/db.sqlite3'));
  database.exec("UPDATE process SET status = 'running', end_time = NULL, return_code = NULL WHERE id = 1");
  const [, sql] = /```sql\n([\s\S]+?)```/.exec(text) as unknown as [string, string];
  assert.equal(database.prepare(sql).run().changes, 1);
  database.close();
  await runAll(machine, start);
  assert.match(machine.rows()[0]?.end_time as string, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
  assert.equal(machine.rows()[0]?.status, 'failed');
  assert.equal(await unitFile(machine), '/lib/systemd/system/dbcalm-cmd.service');
  assert.equal((await ask(machine.path('/run/dbcalm/api-looks-here.sock'), EMPTY)).code, 202);

  const [watched] = await follow(machine, text, 'Watch');
  assert.match(watched as string, /Status: "listening"/);
  await follow(machine, text, 'Roll back');
  assert.equal(await unitFile(machine), '/etc/systemd/system/dbcalm-cmd.service');
  await listens(machine);
  const { code } = await machine.ask(EMPTY);
  assert.equal(code, 202);
});

test('docs/operate.md restores the database from its backup', { skip }, async (t) => {
  const machine = await bootMachine(t);
  await machine.ask(EMPTY);
  await machine.settled();
  const [backup, restore] = blocksOf(page('operate.md'), 'Backup and restore', machine.at) as [
    string,
    string,
  ];
  await runAll(machine, [backup]);
  await machine.ask(EMPTY);
  assert.equal((await machine.settled()).length, 2);
  await runAll(machine, [restore]);
  assert.equal(machine.rows().length, 1);
  await machine.ask(EMPTY);
  assert.equal((await machine.settled()).length, 2);
});
