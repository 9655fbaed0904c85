/** One small mistake in the source. */
export interface Mutation {
  /** From the root of the project. */
  readonly file: string;
  /** Where in the program it is and what is done to it; with the file it is its name. */
  readonly what: string;
  /** In the text of the file: what is replaced, and by what. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const nameOf = ({ file, what }: Mutation): string => `${file.replace('src/', '')} ${what}`;

export const apply = (source: string, { start, end, text }: Mutation): string =>
  source.slice(0, start) + text + source.slice(end);
