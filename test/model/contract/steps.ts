/** The steps for the sequences of fast-check: the actions of clients, an operator and the kernel. */
import type { AsyncCommand } from 'fast-check';
import { BRISK } from '../../support/client.ts';
import { scheduleCount } from '../../support/schedules.ts';
import { LIMITS } from '../oracles/limits.ts';
import type { ContractModel, Request } from './contract-model.ts';
import type { RealWorld } from './real-world.ts';

export type Step = AsyncCommand<ContractModel, RealWorld>;

/** The request of a client before the existing directories and updates are known. */
export type Wish =
  | { readonly kind: 'delete'; readonly folder: number }
  | { readonly kind: 'cleanup'; readonly folders: readonly number[] | null }
  | { readonly kind: 'update' }
  | { readonly kind: 'bad'; readonly which: number };

/** The number of a directory that has never existed. */
const NEVER = 999;

/** A step with its words. After each step the state that holds at any time is checked. */
function step(
  words: string,
  check: (model: Readonly<ContractModel>) => boolean,
  run: (model: ContractModel, real: RealWorld) => Promise<void> | void,
): Step {
  return {
    check,
    run: async (model, real) => {
      await run(model, real);
      model.check(real.rows());
      model.checkCronFile(real.cronFile());
    },
    toString: () => words,
  };
}

export const put = (files: number): Step =>
  step(
    `put a folder with ${files} files`,
    () => true,
    (model, real) => real.put(model.folders++, files),
  );

export const ask = (wish: Wish): Step =>
  step(
    `ask to ${inWords(wish)}`,
    ({ up }) => up,
    async (model, real) => {
      const request = requestOf(wish, model, real);
      model.hear(request, await real.ask(request));
    },
  );

/** Sends a complete request, without waiting for its reply. */
export const send = (client: number, wish: Wish): Step =>
  step(
    `client ${client} asks to ${inWords(wish)}`,
    ({ up, clients }) => up && !clients.has(client),
    (model, real) => {
      const request = requestOf(wish, model, real);
      real.send(client, request, 1);
      model.clients.set(client, { request, whole: true });
    },
  );

export const begin = (client: number, wish: Wish): Step =>
  step(
    `client ${client} begins to ask to ${inWords(wish)}`,
    ({ up, clients }) => up && !clients.has(client),
    (model, real) => {
      const request = requestOf(wish, model, real);
      real.send(client, request, 0.5);
      model.clients.set(client, { request, whole: false });
    },
  );

/** Sends the rest of a request, and waits for its reply. */
export const hearOut = (client: number): Step =>
  step(
    `client ${client} is answered`,
    ({ up, clients }) => up && clients.has(client),
    async (model, real) => {
      const { request, whole } = model.clients.get(client) as { request: Request; whole: boolean };
      const waited = whole ? 0 : real.finish(client);
      const reply = await real.heard(client);
      model.clients.delete(client);
      const wasSilent =
        reply === undefined ? waited > LIMITS.LINGER_LIMIT : waited > BRISK && reply.code === 400;
      if (!wasSilent) model.hear(request, reply);
    },
  );

export const leave = (client: number): Step =>
  step(
    `client ${client} leaves`,
    ({ clients }) => clients.has(client),
    (model, real) => {
      const { request, whole } = model.clients.get(client) as { request: Request; whole: boolean };
      real.leave(client);
      model.clients.delete(client);
      if (whole) model.doubt(request);
    },
  );

export const settle = (): Step =>
  step(
    'all commands come to their end',
    ({ up }) => up,
    async (model, real) => model.checkSettled(await real.settled(model.folders)),
  );

export const kill = (): Step =>
  step(
    'kill -9',
    ({ up }) => up,
    async (model, real) => {
      await real.kill();
      model.kill();
      await hearAll(model, real);
      // This includes clients whose 202 was on its way.
      model.kill();
    },
  );

export const stop = (): Step =>
  step(
    'SIGTERM',
    ({ up }) => up,
    async (model, real) => {
      const code = await real.stop();
      if (code !== 0) throw new Error(`expected the exit code 0, got ${code}`);
      model.up = false;
      await hearAll(model, real);
    },
  );

export const start = (): Step =>
  step(
    'start',
    ({ up }) => !up,
    async (model, real) => {
      await real.start();
      model.up = true;
    },
  );

/** Each client of a dead daemon gets the end of its connection. */
async function hearAll(model: ContractModel, real: RealWorld): Promise<void> {
  for (const [client, { request, whole }] of [...model.clients]) {
    const reply = await real.heard(client);
    model.clients.delete(client);
    if (whole) model.hear(request, reply, true);
    else if (reply !== undefined && reply.code !== 400)
      throw new Error(`expected a 400 or silence for half a request, got a ${reply.code}`);
  }
}

function requestOf(wish: Wish, model: ContractModel, real: RealWorld): Request {
  const known = (folder: number) => {
    const one = folder % (model.folders + 1);
    return one === model.folders ? NEVER : one;
  };
  switch (wish.kind) {
    case 'delete':
      return { kind: 'delete', folder: known(wish.folder) };
    case 'cleanup':
      return { kind: 'cleanup', folders: wish.folders?.map(known) ?? null };
    case 'update': {
      const update = ++model.updates;
      return { kind: 'update', update, schedules: scheduleCount(update) };
    }
    case 'bad':
      return real.refusable(wish.which);
  }
}

function inWords(wish: Wish): string {
  switch (wish.kind) {
    case 'delete':
      return `delete folder ${wish.folder}`;
    case 'cleanup':
      return `clean up ${wish.folders?.map((folder) => `folder ${folder}`).join(' and ') || 'nothing'}`;
    case 'update':
      return 'update the schedules';
    case 'bad':
      return `do what is refused (${wish.which})`;
  }
}
