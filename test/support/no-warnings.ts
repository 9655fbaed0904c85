import { afterEach, beforeEach } from 'node:test';

/** XState prints a warning for a mistake that is not fatal. Here a warning fails the test. */
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
