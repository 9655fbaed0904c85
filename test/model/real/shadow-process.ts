/** Chooses the paths that a real daemon in shadow mode can take. */
import { pathsOf } from '../driver/paths.ts';
import { leftAlone } from '../oracles/process.ts';
import { shadowVocabulary } from '../vocabularies/shadow-process.ts';
import { type Choice, choose, inStages, type Reason, TWO_DRAINS } from './left-out.ts';
import { stagesOf } from './process-scenario.ts';

const QUICK = 'nothing is carried out: it lasts for a write or a turn of the loop';

export const REASONS: readonly Reason[] = [
  ...inStages([
    [
      'promising',
      'taking over',
      'starting',
      'preparing',
      'executing',
      'finishing',
      'watching',
      'inspecting',
      'settling',
    ],
    ['the daemon drains'],
    QUICK,
  ]),
  TWO_DRAINS,
  {
    what: 'left pending, and drained while it waits',
    why: 'it has no child before it that another daemon has left: its turn comes at once',
    concerns: ({ start, events }, stages) =>
      start === 'left pending' && stages[events.indexOf('the daemon drains')] === 'waiting',
  },
];

export function chooseShadowPaths(): Choice {
  const choice = choose(pathsOf(shadowVocabulary), REASONS, stagesOf, ({ start, events }) =>
    leftAlone(start, events),
  );
  return { ...choice, paths: choice.paths.map((path) => ({ ...path, machine: 'shadow process' })) };
}
