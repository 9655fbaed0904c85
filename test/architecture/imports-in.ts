const NAMED = /\b(?:from|import|require)\s*\(?\s*(['"`])(.+?)\1/g;
const HIDDEN = /\b(?:createRequire\b|(?:import|require)\((?!\s*['"`]))/g;

/** What code imports, in whichever way; also that there is something whose name cannot be read off. */
export function importsIn(code: string): string[] {
  const named = [...code.matchAll(NAMED)].map(([, , name]) => name as string);
  const hidden = [...code.matchAll(HIDDEN)].map(([word]) => `what ${word} hides`);
  return [...named, ...hidden];
}
