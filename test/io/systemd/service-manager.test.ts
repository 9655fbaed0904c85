import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DaemonError } from '../../../src/errors.ts';
import { notifySocket } from '../../../src/io/systemd/notify.ts';
import { serviceManager } from '../../../src/io/systemd/service-manager.ts';
import { testFolder } from '../../support/folder.ts';
import { datagramEar } from '../../support/unix-socket.ts';

function manager(env: NodeJS.ProcessEnv) {
  const complaints: string[] = [];
  const made = serviceManager(({ message }: DaemonError) => complaints.push(message), env);
  return { ...made, complaints };
}

test('`serviceManager` without systemd sends nothing and inherits nothing', () => {
  const { socket, watchdogPeriod, tell, complaints } = manager({});
  tell('READY=1');
  assert.deepEqual([socket, watchdogPeriod, complaints], [undefined, undefined, []]);
});

test('`tell` sends one datagram, by path or in the abstract namespace', (t) => {
  for (const path of [join(testFolder(t), 'notify'), `@dbcalm-cmd-test-${randomUUID()}`]) {
    const heard = datagramEar(t, path);
    const { tell, complaints } = manager({ NOTIFY_SOCKET: path });
    tell('READY=1', 'STATUS=listening');
    tell('WATCHDOG=1');
    assert.deepEqual(heard(), ['READY=1\nSTATUS=listening', 'WATCHDOG=1']);
    assert.deepEqual(complaints, []);
  }
});

test('`tell` reports a failure once, and never waits', (t) => {
  const gone = manager({ NOTIFY_SOCKET: join(testFolder(t), 'none') });
  gone.tell('READY=1');
  gone.tell('STOPPING=1');
  assert.equal(gone.complaints.length, 1);
  assert.match(gone.complaints[0] as string, /systemd cannot be told/);
  for (const path of ['notify', '/', `/${'x'.repeat(200)}`]) {
    const odd = manager({ NOTIFY_SOCKET: path });
    odd.tell('READY=1');
    assert.match(odd.complaints.join(), /is no path of a socket$/);
  }
});

/** systemd that reads nothing until `heard` is called. */
function busySystemd(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const path = join(testFolder(t), 'busy');
  const heard = datagramEar(t, path);
  const send = notifySocket(path);
  while (send('from another service') === undefined);
  /** Advances in steps, since a timer that is set meanwhile counts from the end of a step. */
  const pass = (seconds: number) => {
    for (let step = 0; step < seconds * 100; step++) t.mock.timers.tick(10);
  };
  return { ...manager({ NOTIFY_SOCKET: path }), heard, pass };
}

test('`tell` queues messages without room, and sends them in order once there is room', (t) => {
  const { tell, complaints, heard, pass } = busySystemd(t);
  tell('READY=1');
  tell('WATCHDOG=1');
  pass(5);
  assert.ok(!heard().includes('READY=1'));
  tell('STOPPING=1');
  pass(1);
  assert.deepEqual(heard(), ['READY=1', 'WATCHDOG=1', 'STOPPING=1']);
  tell('STATUS=draining');
  assert.deepEqual([heard(), complaints], [['STATUS=draining'], []]);
});

test('`tell` reports a permanent lack of room once, and queues a bounded number of messages', (t) => {
  const { tell, complaints, heard, pass } = busySystemd(t);
  tell('READY=1');
  pass(60);
  assert.match(complaints.join(), /^systemd cannot be told [^,]*busy: EAGAIN$/);
  for (let word = 0; word < 1_000; word++) tell('WATCHDOG=1');
  heard();
  const words: string[] = [];
  for (let before = -1; words.length > before; words.push(...heard())) {
    before = words.length;
    pass(1);
  }
  assert.equal(words.length, 64);
  assert.equal(complaints.length, 1);
});

test('`watchdogPeriod` is read in microseconds, for this process only', () => {
  assert.equal(manager({ WATCHDOG_USEC: '30000000' }).watchdogPeriod, 30_000);
  assert.equal(manager({ WATCHDOG_USEC: '500', WATCHDOG_PID: String(process.pid) }).watchdogPeriod, 0.5);
  assert.equal(manager({ WATCHDOG_USEC: '500', WATCHDOG_PID: '1' }).watchdogPeriod, undefined);
  assert.equal(manager({ WATCHDOG_USEC: 'soon' }).watchdogPeriod, undefined);
});

test('`serviceManager` ignores a socket that was passed to another process', () => {
  assert.equal(manager({ LISTEN_FDS: '1', LISTEN_PID: '1' }).socket, undefined);
  assert.equal(manager({ LISTEN_FDS: '0', LISTEN_PID: String(process.pid) }).socket, undefined);
});

test('`serviceManager` requires a listening socket, with its name if several are passed', () => {
  const passed = (LISTEN_FDS: string, LISTEN_FDNAMES?: string) =>
    manager({ LISTEN_FDS, LISTEN_PID: String(process.pid), LISTEN_FDNAMES });
  // File descriptor 3 of this process is not a listening socket, whatever it is.
  assert.throws(() => passed('1'), { code: 'SOCKET_UNUSABLE' });
  assert.throws(
    () => passed('2', 'other:another'),
    /of 2 that systemd passed \(other, another\) none is called cmd/,
  );
  assert.throws(() => passed('1', 'only:cmd'), { code: 'SOCKET_UNUSABLE' });
});
