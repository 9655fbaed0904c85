/** Mutations that no operator makes: an event is announced before it is recorded, or carried out before. Each `find`
 * occurs once in its file. */
import type { Mutation } from './mutation.ts';

interface Swap {
  readonly file: string;
  readonly what: string;
  readonly find: string;
  readonly replace: string;
}

const SWAPS: readonly Swap[] = [
  {
    file: 'src/machines/process/machine.ts',
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
    file: 'src/machines/process/running.ts',
    what: 'the child starts before its start is recorded',
    find: "  initial: 'recording',",
    replace: "  initial: 'preparing',",
  },
  {
    file: 'src/machines/process/recovering.ts',
    what: 'what was left is planned before the try is counted',
    find: "  initial: 'recording',",
    replace: "  initial: 'planning',",
  },
  {
    file: 'src/machines/process/machine.ts',
    what: 'a new command waits before it is recorded',
    find: "      initial: 'recording',",
    replace: "      initial: 'waiting',",
  },
  {
    file: 'src/machines/daemon/machine.ts',
    what: 'the processes are drained before the clients',
    find: "          initial: 'answering',",
    replace: "          initial: 'finishing',",
  },
  {
    file: 'src/machines/daemon/machine.ts',
    what: 'it listens before it has recovered',
    find: "      initial: 'recovering',",
    replace: "      initial: 'open',",
  },
  {
    file: 'src/machines/process/context.ts',
    what: 'one recovery more',
    find: 'MAX_RECOVERIES = 3',
    replace: 'MAX_RECOVERIES = 4',
  },
  {
    file: 'src/actors/connection/write-reply.ts',
    what: 'the reply counts as delivered before it is sent',
    find: '  sendReply(socket,',
    replace: '  resolve(true);\n  sendReply(socket,',
  },
  {
    file: 'src/actors/process/supervisor.ts',
    what: 'one command more runs at once',
    find: 'new Admission(input.maxRunning)',
    replace: 'new Admission(input.maxRunning + 1)',
  },
  {
    file: 'src/actors/process/steps/finish.ts',
    what: 'the staged file of a success is removed as well',
    find: 'if (!succeeded) return',
    replace: 'if (succeeded) return',
  },
  {
    file: 'src/commands/delete-directory.ts',
    what: 'others may touch the path while it is deleted',
    find: 'touches: paths,',
    replace: 'touches: [],',
  },
  {
    file: 'src/commands/delete-directory.ts',
    what: 'another path is planned than was checked',
    find: '[normalise(path)]',
    replace: '[path]',
  },
  {
    file: 'src/commands/cleanup-backups.ts',
    what: 'others may touch the folders while they are deleted',
    find: 'touches: paths,',
    replace: 'touches: [],',
  },
  {
    file: 'src/commands/cleanup-backups.ts',
    what: 'other paths are planned than were checked',
    find: '.map(normalise)',
    replace: '',
  },
  {
    file: 'src/commands/update-cron-schedules.ts',
    what: 'two may replace the file at once',
    find: 'touches: [cronFile],',
    replace: 'touches: [],',
  },
  {
    file: 'src/commands/list-of.ts',
    what: 'a list may hold anything',
    find: 'list.every(isOne)',
    replace: 'list.length >= 0',
  },
  {
    file: 'src/actors/connection/read-request.ts',
    what: 'a request may be twice as large',
    find: '1_048_576',
    replace: '2_097_152',
  },
  {
    file: 'src/actors/process/shadow.ts',
    what: 'what a shadow left in the middle counts as done',
    find: 'inPlace: false',
    replace: 'inPlace: true',
  },
  {
    file: 'src/daemon/run.ts',
    what: 'a shadow carries out what it is told',
    find: 'config.shadow ? shadowProcessMachine : processMachine',
    replace: 'processMachine',
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
