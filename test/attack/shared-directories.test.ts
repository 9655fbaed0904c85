import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { asMember, MEMBER, noMember } from '../support/member.ts';
import { BareMachine, noPackagedDirectories } from '../support/packaged-directories.ts';

const skip = noPackagedDirectories();

const mode = (path: string) => {
  const { mode: bits, uid, gid } = statSync(path);
  return [`0${(bits & 0o7777).toString(8)}`, uid, gid];
};

const PACKAGED = {
  'run/dbcalm': ['03774', 0, MEMBER.gid],
  'var/lib/dbcalm-cmd': ['0700', 0, MEMBER.gid],
  'var/lib/dbcalm': ['02770', 0, MEMBER.gid],
  'var/log/dbcalm': ['03770', 0, MEMBER.gid],
  'var/backups/dbcalm': ['02770', 0, MEMBER.gid],
};

function modes(machine: BareMachine) {
  return Object.fromEntries(Object.keys(PACKAGED).map((name) => [name, mode(machine.path(name))]));
}

test('postinst creates the directories with their owners and modes, and corrects existing ones', {
  skip,
}, (t) => {
  const machine = new BareMachine(testFolder(t));
  machine.install();
  assert.deepEqual(modes(machine), PACKAGED);
  const older = new BareMachine(testFolder(t));
  for (const name of Object.keys(PACKAGED)) {
    const path = older.path(name);
    mkdirSync(path);
    writeFileSync(join(path, 'theirs'), 'as it was', { mode: 0o640 });
    older.run(`chown -R ${MEMBER.uid}:${MEMBER.gid} ${path}; chmod 2775 ${path}`);
  }
  older.install();
  assert.deepEqual(modes(older), PACKAGED);
  for (const name of Object.keys(PACKAGED)) {
    const path = older.path(join(name, 'theirs'));
    assert.deepEqual(
      [readFileSync(path, 'utf8'), ...mode(path)],
      ['as it was', '0640', MEMBER.uid, MEMBER.gid],
    );
  }
});

test('postinst leaves a directory that the operator linked and its target as they are', {
  skip,
}, (t) => {
  const machine = new BareMachine(testFolder(t));
  mkdirSync(machine.path('disk'));
  symlinkSync(machine.path('disk'), machine.path('var/backups/dbcalm'));
  machine.install();
  assert.ok(lstatSync(machine.path('var/backups/dbcalm')).isSymbolicLink());
  assert.deepEqual(mode(machine.path('disk')).slice(1), [0, 0]);
});

/** The commands with which a member tries to move root's `path` away and answer in its place. */
const replacement = (path: string) => `mv ${path} ${path}.away || rm ${path} || ln -sf elsewhere ${path}`;

test('dbcalm-cmd.tmpfiles keeps members of the group from moving a socket of root away', { skip }, (t) => {
  const machine = new BareMachine(testFolder(t));
  machine.install();
  for (const name of ['cmd.sock', 'cmd-admin.sock']) {
    const socket = machine.path(join('run/dbcalm', name));
    writeFileSync(socket, '');
    const { ino } = lstatSync(socket);
    const { text } = asMember(machine.folder, '/bin/sh', '-c', replacement(socket));
    assert.match(text, /Operation not permitted/);
    assert.equal(lstatSync(socket).ino, ino);
  }
});

test('dbcalm-cmd.tmpfiles keeps members of the group from moving a log of root away', { skip }, (t) => {
  const machine = new BareMachine(testFolder(t));
  machine.install();
  const log = machine.path('var/log/dbcalm/cron-1.log');
  writeFileSync(log, '');
  const { ino } = lstatSync(log);
  assert.match(asMember(machine.folder, '/bin/sh', '-c', replacement(log)).text, /Operation not permitted/);
  assert.equal(lstatSync(log).ino, ino);
});

test('listenAt creates a directory in which members of the group cannot move the sockets away', {
  skip: noMember(),
}, async (t) => {
  const daemon = await startDaemon(t);
  const { folder, socket } = daemon.at;
  const open = `chmod 755 ${folder}; chgrp ${MEMBER.gid} ${dirname(socket)}; chmod g+s ${dirname(socket)}`;
  new BareMachine(folder).run(open);
  for (const path of [socket, join(dirname(socket), 'cmd-admin.sock')]) {
    assert.match(asMember(folder, '/bin/sh', '-c', replacement(path)).text, /Operation not permitted/);
    assert.ok(existsSync(path));
  }
  assert.equal((await daemon.ask({ cmd: 'x' })).code, 400);
});
