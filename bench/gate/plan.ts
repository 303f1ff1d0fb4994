/** The trials of a gate: in each generation both revisions of each subject, and direct as the control, in every scenario. Pure. */
import type { Scenario, Subject } from '#bench/model/scenario.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';

export type Side = 'base' | 'head';

export interface GatePlanRequest {
  /** Names of proxies, each with the revisions that can run it. */
  readonly subjects: readonly { readonly name: string; readonly sides: readonly Side[] }[];
  readonly scenarios: readonly Scenario[];
  /** Whether a subject can carry a scenario. */
  readonly carries: (scenario: Scenario, subject: string) => boolean;
  readonly rounds: number;
  readonly seed: number;
}

/** A list of trials a generation; which of them is whose turn first is drawn anew in each round of turns. */
export function planGate({ subjects, scenarios, carries, rounds, seed }: GatePlanRequest): PlannedTrial[][] {
  const random = mulberry32(seed);
  return Array.from({ length: rounds }, (_, generation) =>
    scenarios
      .flatMap((scenario) => {
        const able = subjects
          .filter(({ name }) => carries(scenario, name))
          .flatMap(({ name, sides }) => sides.map((side): Subject => ({ kind: 'proxy', name, side })));
        if (able.length === 0) return [];
        return shuffled<Subject>([{ kind: 'direct' }, ...able], random).map((subject) => ({
          scenario,
          subject,
          generation,
        }));
      })
      .map((trial, position) => ({ ...trial, position })),
  );
}
