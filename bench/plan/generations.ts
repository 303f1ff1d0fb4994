/** Scenarios × subjects → generations of trials, interleaved in a seeded random order. Pure. */
import { type Scenario, type Subject } from '#bench/model/scenario.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import { applies, type SubjectFacts } from './applies.ts';

export interface PlannedTrial {
  readonly scenario: Scenario;
  readonly subject: Subject;
  /** In which every subject is started afresh. */
  readonly generation: number;
  readonly position: number;
}

export interface PlanRequest {
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly SubjectFacts[];
  readonly generations: number;
  readonly seed: number;
}

export const toSubject = ({ layer, name, hops }: SubjectFacts): Subject =>
  layer === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name, ...(hops !== undefined && { hops }) };

/**
 * Each generation visits every scenario and, within it, every subject that can carry it, both in a new random order: what drifts on the
 * host within minutes drifts for all. Subjects of one scenario stay neighbours because they are compared with each other. Paced
 * scenarios come last in it: their rate follows from the capacities that the first generation has just found.
 */
export function planGenerations({ scenarios, subjects, generations, seed }: PlanRequest): PlannedTrial[][] {
  const random = mulberry32(seed);
  const isPaced = (scenario: Scenario): boolean => scenario.loop.kind === 'paced';
  return Array.from({ length: generations }, (_, generation) => {
    const order = [
      ...shuffled(
        scenarios.filter((s) => !isPaced(s)),
        random,
      ),
      ...shuffled(scenarios.filter(isPaced), random),
    ];
    return order
      .flatMap((scenario) => {
        const able = subjects.filter((subject) => applies(scenario, subject));
        const twins = able.filter(({ again = [] }) => again.includes(scenario.name));
        const all = [...able.map(toSubject), ...twins.map((twin): Subject => ({ ...toSubject(twin), again: true }))];
        return shuffled(all, random).map((subject) => ({ scenario, subject, generation }));
      })
      .map((trial, position) => ({ ...trial, position }));
  });
}
