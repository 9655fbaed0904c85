import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Feed, type Source } from '../../../src/cli/web/feed.ts';
import { Reader } from '../../../src/cli/web/reader.ts';
import { until } from '../../support/until.ts';

/** A daemon that can go away. Records the requests and counts the readers of its events. */
class FakeDaemon implements Source {
  readonly asked: string[] = [];
  readers = 0;
  mostReaders = 0;
  there = true;
  #end = () => {};

  async ask(path: string, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    this.asked.push(path);
    if (!this.there) throw new Error('nobody there');
    const at = new Date().toISOString();
    return path === '/state' ? { at, daemon: { id: 'daemon', state: 'x', children: [] } } : { processes: [] };
  }

  async *lines(_path: string, signal: AbortSignal): AsyncGenerator<string> {
    if (!this.there) throw new Error('nobody there');
    this.mostReaders = Math.max(this.mostReaders, ++this.readers);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#end = resolve;
        signal.addEventListener('abort', reject, { once: true });
      });
    } finally {
      this.readers--;
    }
  }

  goAway(): void {
    this.there = false;
    this.#end();
  }
}

function listen(feed: Feed) {
  const told: [topic: string, text: string][] = [];
  const leave = feed.add({ tell: (topic, text) => void told.push([topic, text]) });
  return { told, leave, links: () => told.filter(([topic]) => topic === 'daemon').map(([, text]) => text) };
}

test('all tabs share one connection to the daemon, and the last tab ends it', async () => {
  const daemon = new FakeDaemon();
  const feed = new Feed(daemon);
  assert.deepEqual(daemon.asked, []);
  const tabs = [listen(feed), listen(feed), listen(feed)];
  await until('what all are told', () => tabs.every(({ links }) => links().length === 1));
  assert.equal(daemon.mostReaders, 1);
  const late = listen(feed);
  assert.deepEqual(late.told.map(([topic]) => topic).sort(), ['daemon', 'processes', 'state']);
  for (const { leave } of tabs) leave();
  assert.equal(daemon.readers, 1);
  late.leave();
  await until('the end of the look', () => daemon.readers === 0);
  const { length } = daemon.asked;
  const again = listen(feed);
  assert.deepEqual(again.told, [], 'what was known is old');
  await until('a new look', () => again.links().length === 1);
  assert.ok(daemon.asked.length > length);
  again.leave();
});

test('`Feed` reports a daemon that goes away, and finds it when it comes back', async () => {
  const daemon = new FakeDaemon();
  const tab = listen(new Feed(daemon));
  await until('the daemon', () => tab.links().at(-1) === '{"away":null}');
  daemon.goAway();
  await until('why', () => tab.links().at(-1) === '{"away":"nobody there"}');
  daemon.there = true;
  await until('the daemon again', () => tab.links().at(-1) === '{"away":null}');
  assert.equal(daemon.mostReaders, 1);
  tab.leave();
  await until('the end of the look', () => daemon.readers === 0);
});

test('`Reader` buffers only the latest message for a tab that does not read', async () => {
  const out = new PassThrough({ highWaterMark: 64 });
  const reader = new Reader(out as unknown as ServerResponse);
  for (let i = 0; i < 1_000; i++) reader.tell('state', JSON.stringify({ i, filler: 'x'.repeat(100) }));
  reader.tell('daemon', '{}');
  assert.ok(out.readableLength + out.writableLength < 1_000);
  let text = '';
  out.on('data', (piece: Buffer) => {
    text += piece;
  });
  await until('the latest', () => text.includes('event: daemon'));
  const told = [...text.matchAll(/event: state\ndata: \{"i":(\d+)/g)].map(([, i]) => Number(i));
  assert.deepEqual(told, [0, 999]);
  out.destroy();
  reader.tell('state', '{}');
});
