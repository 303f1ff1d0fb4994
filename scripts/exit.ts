/** Exit codes, documented in the README, and the errors that lead to them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  inconclusive: 98,
  regression: 99,
  interrupted: 130,
} as const;

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

/** Errors that are the user's to mend: ours, and an intent that a proxy cannot take (`IntentError`). */
export const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || (error as { code?: unknown } | null)?.code === 'ERR_INTENT';
