/** What was thrown while a trial was measured, as its record holds it. */
import { explain } from '#bench/model/errors.ts';
import type { TrialRecord } from '#bench/model/record.ts';

type Failed = Extract<TrialRecord, { state: 'failed' }>;

/** Whoever ran the trial throws an abort on before: that is no failure. */
export function failureOf(error: unknown): Pick<Failed, 'state' | 'error'> {
  const { code, detail, name } = error as { code?: string; detail?: unknown; name: string };
  return {
    state: 'failed',
    error: { code: code ?? name, message: explain(error), ...(typeof detail === 'string' && { detail }) },
  };
}
