/**
 * The slices of a gate: in every round each subject's two revisions as ABBA or BAAB, so that what drifts within a round cancels, and
 * direct once a scenario as the control. Which of the two comes first is drawn by the seed, equally often. Pure.
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

type Side = 'base' | 'head';
const ABBA: readonly Side[] = ['base', 'head', 'head', 'base'];
const BAAB: readonly Side[] = ['head', 'base', 'base', 'head'];

/** Paced scenarios come last in a round: their rate follows from what the first round has just found. */
export function planGate({ subjects, scenarios, carries, rounds, seed }: GatePlanRequest): PlannedTrial[][] {
  const random = mulberry32(seed);
  const isPaced = ({ loop }: Scenario): boolean => loop.kind === 'paced';
  let pending: (readonly Side[])[] = [];
  return Array.from({ length: rounds }, (_, round) => {
    const order = [false, true].flatMap((paced) =>
      shuffled(
        scenarios.filter((scenario) => isPaced(scenario) === paced),
        random,
      ),
    );
    // Blocks of two rounds hold each order once.
    if (pending.length === 0) pending = shuffled([ABBA, BAAB], random);
    const sides = pending.pop()!;
    return order
      .flatMap((scenario): Omit<PlannedTrial, 'position'>[] => {
        const able = shuffled(
          subjects.filter((subject) => carries(scenario, subject)),
          random,
        );
        if (able.length === 0) return [];
        return [
          { scenario, subject: { kind: 'direct' }, round },
          ...able.flatMap((name) =>
            sides.map((side) => ({ scenario, subject: { kind: 'proxy', name, side } as const, round })),
          ),
        ];
      })
      .map((trial, position) => ({ ...trial, position }));
  });
}
