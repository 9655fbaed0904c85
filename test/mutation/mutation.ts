/** One small mistake in the source. */
export interface Mutation {
  /** Relative to the root of the project. */
  readonly file: string;
  /** The place in the program and the change, which together with the file is the name of the mutation. */
  readonly what: string;
  /** The range in the text of the file, and the replacement. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const nameOf = ({ file, what }: Mutation): string => `${file.replace('src/', '')} ${what}`;

export const apply = (source: string, { start, end, text }: Mutation): string =>
  source.slice(0, start) + text + source.slice(end);
