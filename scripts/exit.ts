/** Exit codes, documented in the README, and the errors that lead to them. */
import { UsageError } from '#bench/model/errors.ts';

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  unfit: 3,
  inconclusive: 98,
  regression: 99,
  interrupted: 130,
} as const;

/** Errors that are the user's to mend: ours, and an intent that a proxy cannot take (`IntentError`). */
export const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || (error as { code?: unknown } | null)?.code === 'ERR_INTENT';
