import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Why no browser can be run here, or false. */
export const noChromium = (): string | false =>
  existsSync(CHROMIUM) ? false : `${CHROMIUM} is missing: apt-get install chromium`;

/** A busy machine takes long to start a browser. */
const START_LIMIT = 180_000;
const PATIENCE = 60_000;

const FLAGS = [
  // Its own sandbox is not for root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage', '--disable-lcd-text'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export interface Browser {
  /** What all pages have asked for, from the beginning on. */
  readonly requests: readonly string[];
  open(url: string, look?: Look): Promise<Page>;
  close(): Promise<void>;
}

export interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** Debian's Chromium without a screen; all that it writes goes into `folder`. */
export async function startBrowser(folder: string): Promise<Browser> {
  const home = join(folder, 'browser');
  mkdirSync(home);
  const context: BrowserContext = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: CHROMIUM,
    args: FLAGS,
    env: { ...process.env, HOME: home, TMPDIR: home },
    timeout: START_LIMIT,
  });
  context.setDefaultTimeout(PATIENCE);
  const requests: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  return {
    requests,
    open: async (url, { scheme = 'light', width = 1_600, height = 1_000 } = {}) => {
      const page = await context.newPage();
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height });
      await page.goto(url);
      return page;
    },
    close: () => context.close(),
  };
}
