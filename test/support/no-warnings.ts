import { afterEach, beforeEach } from 'node:test';

/** XState warns on the console of what is wrong but not fatal: here it fails the test. */
export function failOnWarnings(): void {
  const warn = console.warn;
  let warnings: string[] = [];
  beforeEach(() => {
    warnings = [];
    console.warn = (...words: unknown[]) => warnings.push(words.map(String).join(' '));
  });
  afterEach(() => {
    console.warn = warn;
    if (warnings.length > 0) throw new Error(`warned: ${warnings.join('; ')}`);
  });
}
