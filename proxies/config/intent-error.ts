/** An intent that cannot be run, and why: every problem at once, each with the path of the value it concerns. */
export interface IntentProblem {
  /** As one would write it: `clusters[0].endpoints[1].port`. Empty: the intent as a whole. */
  readonly path: string;
  readonly message: string;
}

export class IntentError extends Error {
  override readonly name = 'IntentError';
  readonly code = 'ERR_INTENT';
  readonly problems: readonly IntentProblem[];

  constructor(problems: readonly IntentProblem[]) {
    super(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'));
    this.problems = problems;
  }
}
