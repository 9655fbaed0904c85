import { request } from 'node:http';
import { join } from 'node:path';
import type { TestDaemon } from './daemon.ts';

export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly allow: string | undefined;
  readonly text: string;
}

export const adminSocket = (daemon: TestDaemon): string => join(daemon.at.folder, 'run', 'cmd-admin.sock');

/** What the admin socket answers. */
export function look(socketPath: string, path: string, method = 'GET'): Promise<AdminReply> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject).on('end', () => {
        const { 'content-type': contentType = '', allow } = response.headers;
        resolve({ status: response.statusCode ?? 0, contentType, allow, text });
      });
    });
    asking.on('error', reject).end();
  });
}

export async function lookJson<T = Record<string, unknown>>(
  daemon: TestDaemon,
  path: string,
): Promise<{ status: number; body: T }> {
  const { status, text } = await look(adminSocket(daemon), path);
  return { status, body: JSON.parse(text) as T };
}
