/** The package under systemd: it replaces a running daemon under load, and is purged. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEB } from '../../packaging/project.ts';
import { type BootedMachine, bootMachine, noBoot } from '../support/booted.ts';
import { callers, unserved } from '../support/callers.ts';
import { until } from '../support/until.ts';

const skip = noBoot() || (!existsSync(DEB) && 'npm run package has not been run');
const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
const LENIENT = ['--force-depends', '--force-confold'];
const INSIDE = '/srv/dbcalm-cmd.deb';

/** The machine has the programs of the host, but a dpkg without any package yet. */
async function dpkg(machine: BootedMachine, ...args: string[]): Promise<void> {
  const { code, text } = await machine.run('/usr/bin/env', PATH, '/usr/bin/dpkg', ...LENIENT, ...args);
  assert.equal(code, 0, text);
}

async function program(machine: BootedMachine): Promise<string> {
  const pid = await machine.property('MainPID');
  return (await machine.run('/usr/bin/readlink', `/proc/${pid}/exe`)).text;
}

test('dbcalm-cmd.deb upgrades a running daemon under load without refusing a call, and its purge stops the daemon', {
  skip,
}, async (t) => {
  const machine = await bootMachine(t, ({ root, usr }) => {
    // The host may forbid its packages to start services.
    mkdirSync(join(usr, 'sbin'), { recursive: true });
    writeFileSync(join(usr, 'sbin/policy-rc.d'), '#!/bin/sh\n', { mode: 0o755 });
    mkdirSync(join(root, 'var/lib/dpkg/info'), { recursive: true });
    mkdirSync(join(root, 'var/lib/dpkg/updates'));
    for (const name of ['status', 'available']) writeFileSync(join(root, 'var/lib/dpkg', name), '');
    copyFileSync(DEB, join(root, INSIDE));
  });
  const more = async (calls: readonly unknown[]) => {
    const { length } = calls;
    await until('more calls', () => calls.length > length + 20);
  };
  const load = callers(machine.socket);
  t.after(() => load.stop());
  await more(load.calls);
  assert.notEqual(await program(machine), '/usr/bin/dbcalm-cmd');
  await dpkg(machine, '--install', INSIDE);
  await more(load.calls);
  assert.equal(await program(machine), '/usr/bin/dbcalm-cmd');
  // Installs the package over itself, as every later upgrade does.
  await dpkg(machine, '--install', INSIDE);
  await more(load.calls);
  const calls = await load.stop();
  assert.deepEqual(unserved(calls), []);
  const rows = await machine.settled();
  assert.equal(rows.length, calls.length);

  await dpkg(machine, '--purge', 'dbcalm-cmd');
  assert.equal(await machine.property('ActiveState'), 'inactive');
  assert.ok(!existsSync(machine.socket));
  assert.equal(machine.rows().length, calls.length);
});
