/** Mistakes that no operator makes: persist and tell in the wrong order, what is carried out before it is on record. Each
 * `find` stands once in its file. */
import type { Mutation } from './mutation.ts';

interface Swap {
  readonly file: string;
  readonly what: string;
  readonly find: string;
  readonly replace: string;
}

const SWAPS: readonly Swap[] = [
  {
    file: 'src/machines/process.ts',
    what: 'the 202 leaves before the row is recorded',
    find: "          invoke: {\n            src: 'recordAccepted',",
    replace: `          entry: {
            type: 'answer',
            params: ({ context }) => ({
              answer: { type: 'process.recorded', commandId: context.commandId },
            }),
          },
          invoke: {
            src: 'recordAccepted',`,
  },
  {
    file: 'src/machines/process-running.ts',
    what: 'the child starts before its start is recorded',
    find: "  initial: 'recording',",
    replace: "  initial: 'preparing',",
  },
  {
    file: 'src/machines/process-recovering.ts',
    what: 'what was left is planned before the try is counted',
    find: "  initial: 'recording',",
    replace: "  initial: 'planning',",
  },
  {
    file: 'src/machines/process.ts',
    what: 'a new command waits before it is recorded',
    find: "      initial: 'recording',",
    replace: "      initial: 'waiting',",
  },
  {
    file: 'src/machines/connection.ts',
    what: 'the process is asked for before the places are looked at',
    find: "[{ guard: 'isRefused', target: 'replying' }, { target: 'permitting' }]",
    replace: "[{ guard: 'isRefused', target: 'replying' }, { target: 'accepting' }]",
  },
  {
    file: 'src/machines/daemon.ts',
    what: 'the processes are drained before the clients',
    find: "          initial: 'answering',",
    replace: "          initial: 'finishing',",
  },
  {
    file: 'src/machines/daemon.ts',
    what: 'it listens before it has recovered',
    find: "      initial: 'recovering',",
    replace: "      initial: 'open',",
  },
  {
    file: 'src/machines/process-context.ts',
    what: 'one recovery more',
    find: 'MAX_RECOVERIES = 3',
    replace: 'MAX_RECOVERIES = 4',
  },
  {
    file: 'src/actors/write-reply.ts',
    what: 'the reply counts as delivered before it is sent',
    find: '  sendReply(socket,',
    replace: '  resolve(true);\n  sendReply(socket,',
  },
  {
    file: 'src/actors/processes.ts',
    what: 'one command more runs at once',
    find: 'new Admission(input.maxRunning)',
    replace: 'new Admission(input.maxRunning + 1)',
  },
  {
    file: 'src/actors/finish-step.ts',
    what: 'the staged file of a success is removed as well',
    find: 'if (!succeeded) return',
    replace: 'if (succeeded) return',
  },
];

export function swapsIn(file: string, source: string): Mutation[] {
  return SWAPS.filter((swap) => swap.file === file).map(({ what, find, replace }) => {
    const start = source.indexOf(find);
    if (start === -1 || source.includes(find, start + 1)) {
      throw new Error(`${file}: the place of "${what}" is not there, or not once`);
    }
    return { file, what: `: ${what}`, start, end: start + find.length, text: replace };
  });
}

export const SWAPPED_FILES = [...new Set(SWAPS.map(({ file }) => file))];
