/**
 * The slices of a gate. In each, both revisions of a subject run at once: on the same core, under the same load, in the same instants, so that
 * what the host does meets both alike and cancels in their ratio; CPU time is counted process by process all the same. A round has two
 * of them, in which the other revision starts first, and direct once a scenario as the control. Pure.
 * Source: L. Bulej et al., Duet Benchmarking: Improving Measurement Accuracy in the Cloud, ICPE 2020.
 */
import type { Scenario } from '#bench/model/scenario.ts';
import { mulberry32, shuffled } from '#bench/plan/random.ts';
import type { PlannedTrial } from '#bench/plan/rounds.ts';

export interface GatePlanRequest {
  /** Names of proxies; each has a base and a head. */
  readonly subjects: readonly string[];
  readonly scenarios: readonly Scenario[];
  /** Whether a subject can carry a scenario. */
  readonly carries: (scenario: Scenario, subject: string) => boolean;
  readonly rounds: number;
  readonly seed: number;
}

/** What runs at once: both revisions, or direct alone. In the order in which they start; of one place in the round. */
export type Slice = readonly PlannedTrial[];

type Side = 'base' | 'head';
const ORDERS: readonly (readonly Side[])[] = [
  ['base', 'head'],
  ['head', 'base'],
];

/** Paced scenarios come last in a round: their rate follows from what the first round has just found. */
export function planGate({ subjects, scenarios, carries, rounds, seed }: GatePlanRequest): Slice[][] {
  const random = mulberry32(seed);
  const isPaced = ({ loop }: Scenario): boolean => loop.kind === 'paced';
  return Array.from({ length: rounds }, (_, round) => {
    const order = [false, true].flatMap((paced) =>
      shuffled(
        scenarios.filter((scenario) => isPaced(scenario) === paced),
        random,
      ),
    );
    const slices = order.flatMap((scenario): Omit<PlannedTrial, 'position'>[][] => {
      const able = shuffled(
        subjects.filter((subject) => carries(scenario, subject)),
        random,
      );
      if (able.length === 0) return [];
      return [
        [{ scenario, subject: { kind: 'direct' }, round }],
        ...able.flatMap((name) =>
          shuffled(ORDERS, random).map((sides) =>
            sides.map((side) => ({ scenario, subject: { kind: 'proxy', name, side } as const, round })),
          ),
        ),
      ];
    });
    return slices.map((slice, position) => slice.map((trial) => ({ ...trial, position })));
  });
}
