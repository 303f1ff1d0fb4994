/** Scenarios × subjects → rounds of trials, interleaved in a seeded random order. Pure. */
import { hopName, type Scenario, type Subject } from '#bench/model/scenario.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import { applies, type SubjectFacts } from './applies.ts';
import { mulberry32, shuffled } from './random.ts';

export interface PlannedTrial {
  readonly scenario: Scenario;
  readonly subject: Subject;
  readonly round: number;
  readonly position: number;
}

export interface PlanRequest {
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly SubjectFacts[];
  readonly rounds: number;
  readonly seed: number;
}

export const toSubject = ({ layer, name, hops }: SubjectFacts): Subject =>
  layer === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name, ...(hops !== undefined && { hops }) };

/**
 * Each round visits every scenario and, within it, every subject that can carry it, both in a new random order: what drifts on the
 * host within minutes drifts for all. Subjects of one scenario stay neighbours because they are compared with each other. Paced
 * scenarios come last in a round: their rate follows from the capacities that the first round has just found.
 */
export function planRounds({ scenarios, subjects, rounds, seed }: PlanRequest): PlannedTrial[][] {
  const random = mulberry32(seed);
  const isPaced = (scenario: Scenario): boolean => scenario.loop.kind === 'paced';
  return Array.from({ length: rounds }, (_, round) => {
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
        return shuffled(all, random).map((subject) => ({ scenario, subject, round }));
      })
      .map((trial, position) => ({ ...trial, position }));
  });
}

/** Wall time of a trial beyond its warm-up and window: starting, checking and stopping its processes, measured on a two-core host. */
export const TRIAL_OVERHEAD = millis(650);
/** What other people's proxies take longer than ours; Traefik and Apache take more, NGINX less. */
const OTHERS_START = millis(600);
const isOurs = (subject: Subject): boolean => /^(direct$|node-http$|l[47]-)/.test(hopName(subject));
/** The kernel lists the thousands of connections that such a trial has closed: the check that none is left open reads them all. */
const CLOSED_CONNECTIONS = millis(1_600);
/** Preflight and reports, per run. */
const RUN_OVERHEAD = millis(4_000);
const PREFLIGHT_PER_SUBJECT = millis(700);

export function estimate(
  plan: readonly (readonly PlannedTrial[])[],
  subjects: number,
  warmup: Millis,
  window: Millis,
): Millis {
  const trials = plan.flat();
  const closing = trials.filter(({ scenario }) => scenario.axis === 'connection').length;
  const others = trials.filter(({ subject }) => !isOurs(subject)).length;
  return millis(
    RUN_OVERHEAD +
      subjects * PREFLIGHT_PER_SUBJECT +
      trials.length * (TRIAL_OVERHEAD + warmup + window) +
      closing * CLOSED_CONNECTIONS +
      others * OTHERS_START,
  );
}
