/** A gate's run holds two revisions of each proxy. What is asked of "the run" afterwards is asked of head. */
import type { RunRecords } from '#bench/model/record.ts';
import type { Subject } from '#bench/model/scenario.ts';

/** Whether head ran at once with another revision of itself: it had but its share of the core, and the two met in its caches. */
export const isDuet = ({ trials }: Pick<RunRecords, 'trials'>): boolean =>
  trials.some(({ subject }) => isBase(subject));

const isBase = (subject: Subject): boolean => subject.kind === 'proxy' && subject.side === 'base';

function plain<T extends { readonly subject: Subject }>(record: T): T {
  if (record.subject.kind !== 'proxy' || record.subject.side === undefined) return record;
  const { side: _, ...subject } = record.subject;
  return { ...record, subject };
}

/** The records without base, head under its plain name; those of any other run as they are. */
export const headOf = (records: RunRecords): RunRecords => ({
  ...records,
  subjects: records.subjects.filter(({ subject }) => !isBase(subject)).map(plain),
  trials: records.trials.filter(({ subject }) => !isBase(subject)).map(plain),
});
