import { request } from 'node:http';
import { join } from 'node:path';
import type { DryRun } from '../../src/actors/admin/dry-runs.ts';
import type { TestDaemon } from './daemon.ts';

export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly allow: string | undefined;
  readonly text: string;
}

export const adminSocket = (daemon: TestDaemon): string => join(daemon.at.folder, 'run', 'cmd-admin.sock');

/** Returns the answer of the admin socket. */
export function look(
  socketPath: string,
  path: string,
  method = 'GET',
  body?: string | Buffer,
): Promise<AdminReply> {
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
    asking.on('error', reject).end(body);
  });
}

/** Returns the dry run of a request. */
export async function dryRun(daemon: TestDaemon, request: unknown): Promise<DryRun> {
  const body = typeof request === 'string' ? request : JSON.stringify(request);
  const { status, text } = await look(adminSocket(daemon), '/dry-run', 'POST', body);
  if (status !== 200) throw new Error(`no dry run: ${status} ${text}`);
  return JSON.parse(text) as DryRun;
}

export async function lookJson<T = Record<string, unknown>>(
  daemon: TestDaemon,
  path: string,
): Promise<{ status: number; body: T }> {
  const { status, text } = await look(adminSocket(daemon), path);
  return { status, body: JSON.parse(text) as T };
}

export interface EventLine {
  readonly at?: string;
  readonly kind?: 'actor' | 'event' | 'state' | 'end';
  readonly actor?: string;
  readonly event?: string;
  readonly from?: string;
  readonly state?: string;
  readonly command_id?: string;
  readonly connection_id?: string;
  /** Only on a line of its own: the number of lines that are missing here. */
  readonly lost?: number;
}

/** A reader of the event stream. A stuck reader reads nothing. `lines` grows as lines arrive. */
export interface EventReader {
  readonly lines: EventLine[];
  readonly text: () => string;
  stick(): void;
  goOn(): void;
  leave(): void;
}

export function readEvents(daemon: TestDaemon, query = ''): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: adminSocket(daemon), path: `/events${query}` }, (response) => {
      const lines: EventLine[] = [];
      let all = '';
      let rest = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        all += piece;
        const whole = (rest + piece).split('\n');
        rest = whole.pop() as string;
        for (const line of whole) lines.push(JSON.parse(line) as EventLine);
      });
      response.on('error', () => {});
      resolve({
        lines,
        text: () => all,
        stick: () => response.pause(),
        goOn: () => response.resume(),
        leave: () => asking.destroy(),
      });
    });
    asking.on('error', reject).end();
  });
}
