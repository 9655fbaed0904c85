import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Returns why no browser can run here, or false. */
export const noChromium = (): string | false =>
  existsSync(CHROMIUM) ? false : `${CHROMIUM} is missing: apt-get install chromium`;

/** A browser takes long to start on a busy machine. */
const START_LIMIT = 180_000;
const PATIENCE = 60_000;

const FLAGS = [
  // Chromium's sandbox does not work for root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage', '--disable-lcd-text'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export interface Browser {
  /** All requests of all pages, from the beginning. */
  readonly requests: readonly string[];
  open(url: string, look?: Look): Promise<Page>;
  close(): Promise<void>;
}

export interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** Starts Debian's Chromium without a screen. It writes only below the given directory. */
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
