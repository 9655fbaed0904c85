import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { lookJson } from '../support/admin.ts';
import { type Browser, type Look, noChromium, startBrowser } from '../support/browser.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeBackups, testFolder } from '../support/folder.ts';
import { holdDeletion } from '../support/held-deletion.ts';
import { type ServedPage, servePage } from '../support/page.ts';
import { makeUndeletable } from '../support/undeletable.ts';
import { playScene } from './scene.ts';

/** The origins of all served pages. */
const origins: string[] = [];

interface Shown extends ServedPage {
  readonly page: Page;
  readonly daemon: TestDaemon;
  /** Messages of uncaught errors in the page. */
  readonly errors: string[];
}

async function show(
  t: TestContext,
  browser: Browser,
  look: Look = {},
  config: Record<string, unknown> = {},
): Promise<Shown> {
  const daemon = await startDaemon(t, { config });
  const served = await servePage(t, daemon.at);
  origins.push(new URL(served.url).origin);
  const page = await browser.open(served.url, look);
  t.after(() => page.close());
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.locator('#link[data-link=there]').waitFor();
  return { ...served, page, daemon, errors };
}

const rowOf = (page: Page, id: string, outcome: string) =>
  page.locator(`#timeline [data-key="${id}"][data-outcome="${outcome}"]`);
const stateOf = (page: Page, id: string, what: string) => page.locator(`g[data-state="${id}"][${what}]`);

/** Returns the text of the focused element. */
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');
const focusIsSeen = (page: Page) =>
  page.evaluate(() => {
    const active = document.activeElement as Element;
    const around = active instanceof SVGElement ? (active.firstElementChild as Element) : active;
    const { outlineStyle, strokeDasharray } = getComputedStyle(around);
    return active.matches(':focus-visible') && (outlineStyle !== 'none' || strokeDasharray !== 'none');
  });

/** Presses Tab until the focused element matches `selector`; the focus must be visible at each stop. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab');
    assert.ok(await focusIsSeen(page), await focused(page));
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  assert.fail(`the Tab key does not lead to ${selector}`);
}

test('web page in a browser', { skip: noChromium() }, async (t) => {
  const browser = await startBrowser(testFolder(t));
  t.after(() => browser.close());

  await t.test('page shows commands that wait, run, succeed and fail', async (t) => {
    const { page, daemon, errors } = await show(t, browser);
    const held = await holdDeletion(daemon, 'big');
    const { id: second = '' } = await daemon.deletion(held.path);
    await rowOf(page, held.commandId, 'running').waitFor();
    await rowOf(page, second, 'pending').waitFor();
    await stateOf(page, 'running_executing', 'data-count').waitFor();
    await stateOf(page, 'pending_waiting', 'data-count').waitFor();
    const actor = page.locator('#actors [role=treeitem]', { hasText: 'process-0' });
    await actor.getByText('running.executing').waitFor();
    held.release();
    await rowOf(page, held.commandId, 'succeeded').waitFor();
    await rowOf(page, second, 'succeeded').waitFor();
    // The page draws the path of the newest command by default.
    await stateOf(page, 'succeeded', 'data-taken').waitFor();
    await page.locator('g.arrow[data-taken]', { hasText: '[succeeded]' }).waitFor();
    await stateOf(page, 'running_executing', 'data-count').waitFor({ state: 'detached' });
    const [stuck = ''] = makeBackups(daemon.at.backups, 'stuck');
    makeUndeletable(t, stuck);
    const { id: third = '' } = await daemon.deletion(stuck);
    await rowOf(page, third, 'failed').waitFor();
    await stateOf(page, 'failed', 'data-taken').waitFor();
    await page.locator('#news', { hasText: /^delete_directory failed after / }).waitFor();
    assert.deepEqual(errors, []);
  });

  await t.test('page says that the daemon is in shadow mode', async (t) => {
    const { page, daemon, errors } = await show(t, browser, {}, { shadow: true });
    await page.locator('#link', { hasText: 'It is a shadow: nothing is carried out.' }).waitFor();
    const [kept = ''] = makeBackups(daemon.at.backups, 'kept');
    const { id = '' } = await daemon.deletion(kept);
    await rowOf(page, id, 'succeeded').waitFor();
    assert.ok(existsSync(kept));
    assert.deepEqual(errors, []);
  });

  await t.test('page works with the keyboard alone', async (t) => {
    const { page, daemon, errors } = await show(t, browser);
    const { held, failed } = await playScene(t, daemon);
    await rowOf(page, failed, 'failed').waitFor();
    await rowOf(page, held.commandId, 'running').waitFor();
    await tabTo(page, '#timeline [role=option]');
    await page.keyboard.press('End');
    assert.match(await focused(page), /succeeded.*delete_directory/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    assert.match(await focused(page), /failed.*delete_directory/);
    await page.keyboard.press('Enter');
    const details = page.locator('#details');
    await details.getByText('child.exited: exit code 1').waitFor();
    await page.locator('#details-title:focus').waitFor();
    const text = await details.innerText();
    assert.match(text, /✗ failed: delete_directory/);
    assert.match(text, /full-2026-11-08.*\n?[\s\S]*(Operation not permitted|Permission denied)/);
    assert.match(text, new RegExp(`uid ${process.getuid?.()}\\b`));
    assert.match(text, /→ pending process\.requested[\s\S]*pending → running process\.admitted/);
    await stateOf(page, 'failed', 'data-taken').waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await details.isVisible(), false);
    assert.match(await focused(page), /failed.*delete_directory/);

    await tabTo(page, '#actors [role=treeitem]');
    assert.match(await focused(page), /^daemon/);
    await page.keyboard.press('Enter');
    await page.locator('#tab-daemon[aria-selected=true]').waitFor();
    await stateOf(page, 'serving_open_listening', 'data-taken').waitFor();
    await tabTo(page, '#tab-daemon');
    await page.keyboard.press('ArrowLeft');
    await page.locator('#tab-process[aria-selected=true]').waitFor();
    await tabTo(page, 'g[data-state]');
    await page.keyboard.press('ArrowDown');
    const about = await page.locator('#about').innerText();
    assert.match(about, /^recovering: Taken over from the last daemon/);
    assert.deepEqual(errors, []);
    held.release();
    await daemon.settled();
  });

  await t.test('chart labels cover neither each other nor a state', async (t) => {
    const { page } = await show(t, browser);
    for (const name of ['connection', 'process', 'daemon']) {
      await page.locator(`#tab-${name}`).click();
      await page.locator(`#tab-${name}[aria-selected=true]`).waitFor();
      assert.deepEqual(await page.evaluate(coveredWords), [], name);
    }
  });

  await t.test('page is legible in light and dark mode, and fits wide and narrow windows', async (t) => {
    const { page, daemon, errors } = await show(t, browser);
    const { held, failed, pending } = await playScene(t, daemon);
    await rowOf(page, pending, 'pending').waitFor();
    await rowOf(page, failed, 'failed').click();
    await page.locator('#details pre').waitFor();
    await stateOf(page, 'failed', 'data-taken').waitFor();
    const grounds = new Set<string>();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      assert.deepEqual(await page.evaluate(faintTexts), [], colorScheme);
      for (const width of [1_600, 1_280, 400]) {
        await page.setViewportSize({ width, height: 900 });
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(beyond <= 0, `${beyond} px wider than ${width} px`);
        // docs/images/inspect-web.png is light-1280.png, compressed with pngquant.
        const { SCREENSHOTS } = process.env;
        if (SCREENSHOTS !== undefined)
          await page.screenshot({ path: join(SCREENSHOTS, `${colorScheme}-${width}.png`), fullPage: true });
      }
    }
    assert.equal(grounds.size, 2);
    assert.deepEqual(errors, []);
    held.release();
    await daemon.settled();
  });

  await t.test('page shows that a stopped daemon is away, and that it is back after a restart', async (t) => {
    const { page, daemon, verb, errors } = await show(t, browser);
    const { command_id } = await daemon.carryOut('cleanup_backups', { backup_ids: [], folders: [] });
    await rowOf(page, command_id, 'succeeded').waitFor();
    await daemon.stop();
    await page.locator('#link', { hasText: /The daemon is away/ }).waitFor();
    assert.ok(await rowOf(page, command_id, 'succeeded').isVisible(), 'what was seen last stays');
    const next = await startDaemon(t, { folder: daemon.at.folder });
    await page.locator('#link', { hasText: /The daemon answers/ }).waitFor();
    const later = await next.carryOut('cleanup_backups', { backup_ids: [], folders: [] });
    await rowOf(page, later.command_id, 'succeeded').waitFor();
    verb.signal('SIGINT');
    await verb.exited;
    await page.locator('#link', { hasText: /not served any more: run dbcalm-cmd inspect --web/ }).waitFor();
    assert.deepEqual(errors, []);
  });

  await t.test('page in a background tab costs the daemon nothing', async (t) => {
    const { page, daemon } = await show(t, browser);
    const readers = async () =>
      (await lookJson<{ readers_of_events: number }>(daemon, '/state')).body.readers_of_events;
    const turn = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    assert.equal(await readers(), 1);
    await turn(true);
    for (let looks = 0; (await readers()) !== 0; looks++) assert.ok(looks < 10_000, 'it is still told');
    const { command_id } = await daemon.carryOut('cleanup_backups', { backup_ids: [], folders: [] });
    assert.equal(await rowOf(page, command_id, 'succeeded').count(), 0);
    await turn(false);
    await rowOf(page, command_id, 'succeeded').waitFor();
    assert.equal(await readers(), 1);
  });

  await t.test('page shows names from requests as text, not as markup', async (t) => {
    const { page, daemon, errors } = await show(t, browser);
    const name = '<img src=x onerror=document.title="taken">\u202egpj.b';
    const { command_id } = await daemon.carryOut('delete_directory', { path: join(daemon.at.backups, name) });
    await rowOf(page, command_id, 'succeeded').click();
    const shown = page.locator('#details dd', {
      hasText: '<img src=x onerror=document.title="taken">\\u202egpj.b',
    });
    await shown.first().waitFor();
    assert.deepEqual([await page.locator('img').count(), await page.title()], [0, 'dbcalm-cmd']);
    assert.deepEqual(errors, []);
  });

  await t.test('page sends requests to its own origin only', () => {
    assert.ok(browser.requests.length > 50);
    const others = browser.requests.filter((url) => !origins.includes(new URL(url).origin));
    assert.deepEqual(others, []);
  });
});

/** Runs in the page, since only a browser knows the width of letters. Returns the covered labels. */
function coveredWords(): string[] {
  const words = [...document.querySelectorAll('svg .arrow text, svg .state > text')];
  const leaves = [...document.querySelectorAll('svg .state:not(.compound)')];
  const boxes = leaves.map((state) => state.firstElementChild as Element);
  const covered: string[] = [];
  for (const [at, one] of words.entries()) {
    const own = one.getBoundingClientRect();
    for (const other of [...words.slice(at + 1), ...boxes]) {
      if (other.parentElement === one.parentElement) continue;
      const { left, right, top, bottom } = other.getBoundingClientRect();
      const over = Math.min(right, own.right) - Math.max(left, own.left) > 1;
      // Letters do not fill the height of a line.
      if (over && Math.min(bottom, own.bottom) - Math.max(top, own.top) > 3)
        covered.push(`${one.textContent} over ${other.parentElement?.textContent}`);
    }
  }
  return covered;
}

/** Runs in the page. Returns the texts with a contrast below 4.5 to 1 (WCAG 2, AA). */
function faintTexts(): string[] {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  if (!canvas) throw new Error('no canvas');
  const luminance = (colours: readonly string[]) => {
    // The canvas paints one colour over the other, as the page does.
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    const [r = 0, g = 0, b = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint: string[] = [];
  for (const one of document.querySelectorAll<HTMLElement>('body *:not(svg *)')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
    if (!own || !one.checkVisibility() || one.closest('.unseen')) continue;
    const grounds: string[] = [];
    for (let at: Element | null = one; at; at = at.parentElement)
      grounds.unshift(getComputedStyle(at).backgroundColor);
    const [ground, text] = [luminance(grounds), luminance([...grounds, getComputedStyle(one).color])];
    const contrast = (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
    if (contrast < 4.5) faint.push(`${one.textContent?.slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return faint;
}
