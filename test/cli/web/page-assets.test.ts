import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ASSETS, readAsset } from '../../../src/cli/web/assets.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'web', 'page');

test('`readAsset` serves every file of the page, and no other', async () => {
  const there = readdirSync(FOLDER);
  assert.deepEqual([...ASSETS].sort(), there.sort());
  for (const name of ['../assets.ts', 'page.ts', '/etc/passwd', '', '.', '..%2fassets.ts'])
    assert.equal(await readAsset(name), undefined, name);
});

test('`ASSETS` refer only to each other', async () => {
  for (const name of ASSETS) {
    const { type, content } = (await readAsset(name)) ?? assert.fail(name);
    assert.match(type, /^(text\/(html|css|javascript); charset=utf-8|image\/svg\+xml)$/);
    const text = content.toString();
    for (const [, named] of text.matchAll(/(?:from '\.\/|(?:href|src)=")([^'"]+)/g))
      assert.ok(
        ASSETS.some((asset) => asset === named),
        `${name}: ${named}`,
      );
    const urls = [...text.matchAll(/https?:\/\/[^\s'"]+/g)].map(([url]) => url);
    assert.deepEqual(
      urls.filter((url) => url !== 'http://www.w3.org/2000/svg'),
      [],
      name,
    );
    assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style="/.test(text), name);
  }
});
