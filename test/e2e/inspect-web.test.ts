import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { ASSETS } from '../../src/cli/web/assets.ts';
import { PROTECTION } from '../../src/cli/web/gate.ts';
import { lookJson } from '../support/admin.ts';
import { prepare, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { testFolder } from '../support/folder.ts';
import { follow, get, servePage } from '../support/page.ts';
import { until } from '../support/until.ts';
import { RunningVerb, verb } from '../support/verb.ts';

const readersOf = async (daemon: TestDaemon) =>
  (await lookJson<{ readers_of_events: number }>(daemon, '/state')).body.readers_of_events;

async function untilReaders(daemon: TestDaemon, wanted: number): Promise<void> {
  for (let looks = 0; (await readersOf(daemon)) !== wanted; looks++)
    assert.ok(looks < 10_000, `not ${wanted}`);
}

test('web page is served under its secret URL only, and every response has the protective headers', async (t) => {
  const daemon = await startDaemon(t);
  const { url } = await servePage(t, daemon.at);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
  const { origin, port } = new URL(url);
  const page = await get(url);
  assert.equal(page.status, 200);
  assert.match(page.text, /^<!doctype html>/);
  for (const name of ASSETS) assert.equal((await get(url + name)).status, 200, name);
  const refused = [
    await get(origin),
    await get(`${origin}/${'x'.repeat(32)}/`),
    await get(`${url.slice(0, -2)}/feed`),
    await get(url, { host: `evil.example:${port}` }),
    await get(`${url}feed`, { host: `evil.example:${port}` }),
  ];
  for (const { status, text } of refused) {
    assert.deepEqual([status, text], [403, 'Only by the URL that was printed.\n']);
  }
  const others = [await get(url, { method: 'POST' }), await get(`${url}none`), await get(`${url}../feed`)];
  assert.deepEqual(
    others.map(({ status }) => status),
    [405, 404, 403],
  );
  for (const { headers } of [page, ...refused, ...others]) {
    for (const [name, value] of Object.entries(PROTECTION))
      assert.equal(headers[name.toLowerCase()], value, name);
  }
});

test('web page is served on the loopback only', async (t) => {
  const daemon = await startDaemon(t);
  const { url } = await servePage(t, daemon.at);
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  // 127.0.0.2 is another loopback address, for a machine that has no other address.
  for (const host of [
    '127.0.0.2',
    ...addresses.filter(({ internal }) => !internal).map(({ address }) => address),
  ]) {
    const heard = await new Promise((resolve) => {
      const socket = connect(Number(new URL(url).port), host, () => resolve('listens'));
      socket
        .on('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
        .on('close', () => socket.destroy());
    });
    assert.notEqual(heard, 'listens', host);
  }
});

test('web page server inspects the daemon only while a tab listens, and once for all tabs', async (t) => {
  const daemon = await startDaemon(t);
  const { url } = await servePage(t, daemon.at);
  await get(url);
  await get(`${url}charts`);
  assert.equal(await readersOf(daemon), 0);
  const tabs = [await follow(url), await follow(url), await follow(url)];
  for (const { told } of tabs)
    await until('the daemon', () => told().includes('event: daemon\ndata: {"away":null}'));
  assert.equal(await readersOf(daemon), 1);
  const { command_id } = await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  for (const { told } of tabs) await until('the command', () => told().includes(command_id));
  for (const { leave } of tabs) leave();
  await untilReaders(daemon, 0);
});

test('web page server has the client, the path and every step of a command, but no steps if no tab watched it', async (t) => {
  const daemon = await startDaemon(t);
  const { url } = await servePage(t, daemon.at);
  const json = async (path: string) => JSON.parse((await get(url + path)).text);
  const before = await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  assert.equal(await json(`trails/${before.command_id}`), null);
  const tab = await follow(url);
  t.after(() => tab.leave());
  await until('the daemon', () => tab.told().includes('"away":null'));
  const { command_id } = await daemon.carryOut('cleanup_backups', { backup_ids: null, folders: null });
  let trail = await json(`trails/${command_id}`);
  for (let looks = 0; trail?.steps.at(-1)?.state !== 'succeeded'; looks++) {
    assert.ok(looks < 10_000, JSON.stringify(trail));
    trail = await json(`trails/${command_id}`);
  }
  assert.deepEqual([trail.machine, trail.whole], ['process', true]);
  assert.ok(trail.path.arrows.includes('settling succeeded'));
  const detail = await json(`commands/${command_id}`);
  assert.equal(detail.process.command_id, command_id);
  assert.deepEqual(detail.path.states, ['pending', 'running', 'succeeded']);
  assert.equal(detail.audit[0].uid, process.getuid?.());
  const none = await get(`${url}commands/79caa8ef`);
  assert.deepEqual([none.status, none.text], [502, 'the journal knows no command of this id\n']);
});

test('web page server goes on after the daemon ends, until Ctrl-C', async (t) => {
  const daemon = await startDaemon(t);
  const { url, verb: served } = await servePage(t, daemon.at);
  const tab = await follow(url);
  t.after(() => tab.leave());
  await until('the daemon', () => tab.told().includes('"away":null'));
  await daemon.kill();
  await until('its end', () => /event: daemon\ndata: \{"away":".*(ENOENT|ECONNREFUSED)/.test(tab.told()));
  assert.equal((await get(`${url}commands/79caa8ef`)).status, 502);
  await startDaemon(t, { folder: daemon.at.folder });
  await until('the next', () => tab.told().split('"away":null').length === 3);
  served.signal('SIGINT');
  assert.equal(await served.exited, 0);
  assert.equal(served.stderr, '');
});

test('`inspect --web` reports in one line why it cannot serve', async (t) => {
  const alone = prepare(testFolder(t));
  const noDaemon = verb(alone, 'inspect', '--web');
  assert.deepEqual([noDaemon.status, noDaemon.stdout], [2, '']);
  assert.match(noDaemon.stderr, /^dbcalm-cmd: no daemon answers at .*What to do: start it.*\n$/);
  const daemon = await startDaemon(t);
  const { url } = await servePage(t, daemon.at);
  const { port } = new URL(url);
  const wrong: [string[], RegExp][] = [
    [
      ['--web', '--port', port],
      new RegExp(`no page on port ${port} of 127.0.0.1: .*EADDRINUSE.* give another --port`),
    ],
    [['--port', '8642'], /--port is of the page\. What to do: give --web, too/],
    [['--web', '--port', '0'], /Give a whole number from 1 to 65535/],
    [['--web', '--port', '65536'], /Give a whole number from 1 to 65535/],
    [['--web', '--follow'], /option '--web' cannot be used with option '--follow'/],
  ];
  for (const [words, why] of wrong) {
    const { status, stdout, stderr } = verb(daemon.at, 'inspect', ...words);
    assert.deepEqual([status, stdout], [2, ''], words.join(' '));
    assert.match(stderr, why);
    assert.equal(stderr.split('\n').length, 2);
  }
});

test('`inspect --web --port` serves on the given port and prints the URL and a hint', async (t) => {
  const daemon = await startDaemon(t);
  const first = await servePage(t, daemon.at);
  first.verb.signal('SIGTERM');
  assert.equal(await first.verb.exited, 0);
  const { port } = new URL(first.url);
  const again = new RunningVerb(t, daemon.at, 'inspect', '--web', '--port', port);
  await again.says(/Ctrl-C ends it\.\n/);
  const [url = '', words] = again.stdout.split('\n');
  assert.ok(url.startsWith(`http://127.0.0.1:${port}/`), url);
  assert.equal(words, 'Only who has this URL sees the page. Ctrl-C ends it.');
  assert.notEqual(url, first.url);
  assert.equal((await get(url)).status, 200);
});
