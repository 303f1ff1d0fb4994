/** Does the length of a turn bias a figure? The L7 reference beside itself (A/A) and beside the L4 reference, in turns of several lengths. */
import { CONFIDENCE } from '#bench/analysis/comparison/comparison.ts';
import type { CompletedTrial } from '#bench/model/record.ts';
import { type Subject, subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { studentMean } from '#bench/stats/student.ts';
import { logRatio, openLaboratory } from './laboratory.ts';

const LENGTHS = [20, 40, 60, 100, 200];
const GENERATIONS = 4;
/** Milliseconds of load on each subject in a generation, whatever the length. */
const LOAD = 1_200;

export interface LengthShown {
  /** Milliseconds. */
  readonly length: number;
  /** ln of CPU per request against the same proxy started a second time, and against the L4 reference; over generations. */
  readonly twin: Estimate;
  readonly hop: Estimate;
}

export async function turnLengths(
  seed: number,
  signal: AbortSignal,
  told: (line: string) => void,
): Promise<LengthShown[]> {
  await using laboratory = await openLaboratory('l4-tcp,l7-http', seed);
  const l7: Subject = { kind: 'proxy', name: 'l7-http' };
  const subjects: readonly [Subject, Subject, Subject] = [
    { kind: 'proxy', name: 'l4-tcp' },
    l7,
    { ...l7, again: true },
  ];
  const [l4Name, l7Name, twinName] = subjects.map(subjectName) as [string, string, string];
  const found = LENGTHS.map((length) => ({ length, twin: [] as number[], hop: [] as number[] }));
  for (let number = 0; number < GENERATIONS; number++)
    for (const { length, twin, hop } of found) {
      const plan = { number, rounds: Math.round(LOAD / length), closedTurn: { length, discard: 0 } };
      const trials = await laboratory.generation(subjects, plan, signal);
      const [l4, one, other] = [l4Name, l7Name, twinName].map((name) => trials.get(name)!) as [
        CompletedTrial,
        CompletedTrial,
        CompletedTrial,
      ];
      twin.push(logRatio(other, one));
      hop.push(logRatio(one, l4));
      told(`generation ${number + 1} of ${GENERATIONS}, ${length} ms`);
    }
  return found.map(({ length, twin, hop }) => ({
    length,
    twin: studentMean(twin, CONFIDENCE),
    hop: studentMean(hop, CONFIDENCE),
  }));
}
