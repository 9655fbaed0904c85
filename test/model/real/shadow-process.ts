/** Which paths a real daemon in shadow mode can be brought to go: those of one command that nothing holds up. */
import { type Path, pathsOf } from '../driver/paths.ts';
import { shadowVocabulary } from '../vocabularies/shadow-process.ts';
import { doablePaths, scenarioOf } from './process-scenario.ts';

export function doableShadowPaths(): Path[] {
  const paths = pathsOf(shadowVocabulary).filter((path) => {
    const scenario = scenarioOf(path);
    // A command that waits for its place needs another that takes its time.
    return scenario?.kind === 'deletion' && !scenario.held && !scenario.occupied;
  });
  return doablePaths(paths).map((path) => ({ ...path, machine: 'shadow process' }));
}
