/** What became of a trial, in a few words. */
import { failuresByKind } from '../verdict/failures.ts';
import { formatQuantity, integer, percent } from '../words/quantity.ts';
import type { FaultTrialRecord } from '#bench/model/record.ts';
import { courseOf } from './course.ts';

export const seconds = (milliseconds: number): string => formatQuantity(1_000 * milliseconds, 'µs');

/** 'none failed', '12 of 3,000 failed (0.4 %), for 1.20 s: 12 status 502'. */
export function trialWords({ outcome }: FaultTrialRecord): string {
  if (outcome.state === 'refused') return `cannot be put to it: ${outcome.why}`;
  if (outcome.state === 'failed') return `failed: ${outcome.error.message.split('\n', 1)[0]!}`;
  const { load } = outcome;
  const { scheduled = 0, dropped = 0, timeline } = load;
  const failed = dropped + Object.values(load.errors).reduce((sum, count) => sum + count, 0);
  const late = timeline.latency ? courseOf(timeline.latency).late.reduce((sum, count) => sum + count, 0) : 0;
  const lateWords = late > 0 ? `, ${integer(late)} late` : '';
  if (failed === 0) return `none of ${integer(scheduled)} failed${lateWords}`;
  const { first, last } = timeline.failures ?? { first: 0, last: 0 };
  const why = failuresByKind(load)
    .slice(0, 2)
    .map(({ kind, status, count }) => `${integer(count)} ${kind}${status === undefined ? '' : ` ${status}`}`);
  return `${integer(failed)} of ${integer(scheduled)} failed (${percent(failed / scheduled)}), for ${seconds(last - first)}${lateWords}: ${[...why, ...(dropped > 0 ? [`${integer(dropped)} never sent`] : [])].join(', ')}`;
}

/** What all figures of a run of faults rest on. */
export const faultsBasis = (repeats: number): string =>
  `Each subject met each fault ${repeats === 1 ? 'once' : repeats === 2 ? 'twice' : `${repeats} times`}, started afresh before users of its own; requests are counted exactly, times are those of one host.`;
