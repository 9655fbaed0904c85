/** The load generator. It is a separate process, so that it does not share a thread with the measured program. It
 * takes jobs from its parent, one at a time. */
import { connect } from 'node:net';
import { now } from './clock.ts';
import type { Job, Run } from './load.ts';

async function carryOut(job: Job): Promise<Run> {
  const latencies: number[] = [];
  const codes: Record<string, number> = {};
  let next = job.first;
  const end = job.first + job.requests;
  const client = async () => {
    while (next < end) {
      const text = job.template.replaceAll('%n', String(next++));
      const { code, took } = await exchange(job.socket, text, job.halfClose);
      latencies.push(took);
      codes[code] = (codes[code] ?? 0) + 1;
    }
  };
  const begunAt = now();
  await Promise.all(Array.from({ length: job.clients }, client));
  return { begunAt, endedAt: now(), latencies, codes };
}

/** Sends one request. The time is from the start of the connection to the complete reply. */
function exchange(path: string, text: string, halfClose: boolean): Promise<{ code: string; took: number }> {
  return new Promise((resolve) => {
    const begun = now();
    let reply = '';
    let took = 0;
    const socket = connect({ path, allowHalfOpen: true });
    if (halfClose) socket.end(text);
    else socket.write(text);
    socket.on('data', (piece) => {
      reply += piece;
      took = now() - begun;
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      const [, code] = /^\{"code":(\d+)/.exec(reply) ?? [];
      resolve({ code: code ?? 'none', took });
    });
  });
}

// The generator ends with its parent.
process.on('disconnect', () => process.exit());
process.on('message', async (job: Job) => {
  process.send?.(await carryOut(job));
});
