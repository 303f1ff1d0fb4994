/** What goes wrong, in words for a human. */

/** The user asked for something that cannot be: one clear sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One line for a human from whatever was thrown. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
