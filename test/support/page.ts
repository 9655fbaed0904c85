import { request } from 'node:http';
import type { TestContext } from 'node:test';
import type { Layout } from './daemon.ts';
import { RunningVerb } from './verb.ts';

export interface ServedPage {
  readonly url: string;
  readonly verb: RunningVerb;
}

/** Runs `inspect --web` until the test ends. */
export async function servePage(t: TestContext, at: Layout, ...args: string[]): Promise<ServedPage> {
  const verb = new RunningVerb(t, at, 'inspect', '--web', '--json', ...args);
  await Promise.race([verb.says(/\n/), verb.exited]);
  if (!verb.stdout.includes('\n')) throw new Error(`no page: ${verb.stderr}`);
  return { url: (JSON.parse(verb.stdout) as { url: string }).url, verb };
}

export interface PageReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export function get(
  url: string,
  { method = 'GET', host }: { method?: string; host?: string } = {},
): Promise<PageReply> {
  return new Promise((resolve, reject) => {
    const asking = request(
      url,
      { method, ...(host === undefined ? {} : { headers: { host } }) },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('error', reject).on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    asking.on('error', reject).end();
  });
}

/** Opens a tab that receives events. `told` grows. */
export function follow(url: string): Promise<{ readonly told: () => string; leave(): void }> {
  return new Promise((resolve, reject) => {
    const asking = request(new URL('feed', url), (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', () => {});
      resolve({ told: () => text, leave: () => asking.destroy() });
    });
    asking.on('error', reject).end();
  });
}
