const NAMED = /\b(?:from|import|require)\s*\(?\s*(['"`])(.+?)\1/g;
const HIDDEN = /\b(?:createRequire\b|(?:import|require)\((?!\s*['"`]))/g;

/** Returns the names of all imports in the code, and a mark for each import whose name is not a literal. */
export function importsIn(code: string): string[] {
  const named = [...code.matchAll(NAMED)].map(([, , name]) => name as string);
  const hidden = [...code.matchAll(HIDDEN)].map(([word]) => `what ${word} hides`);
  return [...named, ...hidden];
}
