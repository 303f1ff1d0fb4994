/** An intent that cannot be run, and why: every problem at once, each with the path of the value it concerns. */
export interface IntentProblem {
  /** As one would write it: `clusters[0].endpoints[1].port`. Empty: the intent as a whole. */
  readonly path: string;
  readonly message: string;
  /** Where the intent was read from a file: the line, counted from 1. */
  readonly line?: number;
}

function said({ path, line, message }: IntentProblem): string {
  const where = line === undefined ? path : `line ${line}: ${path}`;
  return path === '' ? message : `${where}: ${message}`;
}

export class IntentError extends Error {
  override readonly name = 'IntentError';
  readonly code = 'ERR_INTENT';
  readonly problems: readonly IntentProblem[];

  constructor(problems: readonly IntentProblem[]) {
    super(problems.map(said).join('\n'));
    this.problems = problems;
  }
}
