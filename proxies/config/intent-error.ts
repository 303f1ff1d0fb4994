/** An intent that cannot be run, and why: every problem at once, each with the path of the value it concerns. */
export interface IntentProblem {
  /** As one would write it: `clusters[0].endpoints[1].port`. Empty: the intent as a whole. */
  readonly path: string;
  readonly message: string;
  /** Where the intent was read from a file: the line, counted from 1. */
  readonly line?: number;
  /** Further lines with the same problem. */
  readonly also?: readonly number[];
}

/** One line for people: `line 7: clusters[0].name: is required (also lines 12, 30)`. */
export function problemText({ path, line, also = [], message }: IntentProblem): string {
  const where = line === undefined ? path : `line ${line}: ${path}`;
  const others = also.length === 0 ? '' : ` (also line${also.length > 1 ? 's' : ''} ${also.join(', ')})`;
  return path === '' ? message : `${where}: ${message}${others}`;
}

export class IntentError extends Error {
  override readonly name = 'IntentError';
  readonly code = 'ERR_INTENT';
  readonly problems: readonly IntentProblem[];

  constructor(problems: readonly IntentProblem[]) {
    super(problems.map(problemText).join('\n'));
    this.problems = problems;
  }
}
