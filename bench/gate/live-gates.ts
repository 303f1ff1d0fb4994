/**
 * Whole gates that were really run against what is known (equal revisions, a fault injected into head), kept small enough to be
 * replayed; and what they show of the gate: alarms, detections, sizes. Pure.
 */
import { z } from 'zod';
import { METRIC_NAMES } from '#bench/analysis/figures/metrics.ts';
import { percent } from '#bench/analysis/words/quantity.ts';
import { hodgesLehmann, median } from '#bench/stats/hodges-lehmann.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { decide, differences } from './decide.ts';
import { replay, shareInterval } from './replay.ts';
import type { GateState } from './result.ts';
import { ROUNDS, RULES } from './rules.ts';
import type { Measured } from './sides.ts';

const Figures = z.array(z.number().positive());

/** The deciding metrics, round by round: [round, base's slices, head's slices]. */
export const LiveGates = z.object({
  host: z.string(),
  gates: z.array(
    z.object({
      kind: z.string(),
      state: z.enum(['regressed', 'improved', 'same', 'inconclusive', 'invalid']),
      looks: z.union([z.literal(1), z.literal(2)]),
      seconds: z.number(),
      run: z.string(),
      /** All metrics, the advisory ones too: how many were compared, and how many called different. */
      pairs: z.object({ compared: z.number().int(), different: z.number().int() }),
      measured: z.array(
        z.object({
          scenario: z.string(),
          subject: z.string(),
          metric: z.enum(METRIC_NAMES),
          rounds: z.array(z.tuple([z.number().int(), Figures, Figures])),
        }),
      ),
    }),
  ),
});
export type LiveGates = z.infer<typeof LiveGates>;
export type LiveGate = LiveGates['gates'][number];

const short = (value: number): number => Number(value.toPrecision(6));

export function liveGate(
  { kind, looks, seconds, run }: Pick<LiveGate, 'kind' | 'looks' | 'seconds' | 'run'>,
  measured: readonly Measured[],
): LiveGate {
  const { state, metrics } = decide(measured);
  const different = metrics.filter((one) => one.state === 'regressed' || one.state === 'improved').length;
  return {
    kind,
    state,
    looks,
    seconds: Math.round(seconds),
    run,
    pairs: { compared: metrics.length, different },
    measured: measured
      .filter(({ rule }) => rule.primary)
      .map(({ scenario, subject, rule, rounds }) => ({
        scenario,
        subject,
        metric: rule.metric,
        rounds: rounds.map(({ round, base, head }): [number, number[], number[]] => [
          round,
          base.map(short),
          head.map(short),
        ]),
      })),
  };
}

/** The rounds of several gates as of one, numbered on. */
export function pooled(gates: readonly LiveGate[]): Measured[] {
  const all = gates.flatMap(({ measured }, gate) =>
    measured.map(({ scenario, subject, metric, rounds }): Measured => ({
      scenario,
      subject,
      rule: RULES.find((rule) => rule.metric === metric)!,
      rounds: rounds.map(([round, base, head]) => ({ round: gate * 1_000 + round, base, head })),
    })),
  );
  const groups = Map.groupBy(all, ({ scenario, subject, rule }) => JSON.stringify([scenario, subject, rule.metric]));
  return [...groups.values()].map((of) => ({ ...of[0]!, rounds: of.flatMap(({ rounds }) => rounds) }));
}

const DRAWS = 2_000;

export interface Sizes {
  /** Percentage points by which the estimate of each gate, and of each comparison drawn from all rounds, misses what was added. */
  readonly live: readonly number[];
  readonly drawn: readonly number[];
}

/** How well the added share of CPU per request is sized by 12 rounds; undefined where it was not measured. */
export function sizesOf(gates: readonly LiveGate[], added: number, seed = 3): Sizes | undefined {
  const cpu = (measured: readonly Measured[]): number[] => {
    const found = measured.find(({ rule }) => rule.metric === 'cpuPerRequest');
    return found ? differences(found.rounds) : [];
  };
  const miss = (d: readonly number[]): number => (Math.expm1(hodgesLehmann(d).value) - added) * 100;
  const all = cpu(pooled(gates));
  if (all.length === 0) return undefined;
  const random = mulberry32(seed);
  return {
    live: gates.map((gate) => miss(cpu(pooled([gate])).slice(0, ROUNDS.first))),
    drawn: Array.from({ length: DRAWS }, () =>
      miss(Array.from({ length: ROUNDS.first }, () => all[Math.floor(random() * all.length)]!)),
    ),
  };
}

/** What a gate of this kind should say, and what it must never say. */
export interface Expectation {
  readonly name: string;
  /** Share by which head's CPU per request was raised; undefined where it cannot be said. */
  readonly added?: number;
  readonly right: readonly GateState[];
  readonly wrong: readonly GateState[];
}

const VIRTUAL_GATES = 3_000;
/** Percentage points within which a size counts as right. */
const NEAR = 3;

const share = (count: number, of: number): string => {
  const { low, high } = shareInterval(count, of);
  return `${count} of ${of} (${percent(low)} to ${percent(high)})`;
};

/** Plain lines for a terminal: live gates, virtual gates drawn from their rounds, sizes, and equal rounds scaled by known factors. */
export function describeLiveGates(gates: readonly LiveGate[], kinds: readonly Expectation[]): string[] {
  const lines = kinds.flatMap(({ name, added, right, wrong }): string[] => {
    const own = gates.filter(({ kind }) => kind === name);
    if (own.length === 0) return [];
    const count = (states: readonly GateState[]): number => own.filter(({ state }) => states.includes(state)).length;
    const all = pooled(own);
    const rounds = new Set(all.flatMap((one) => one.rounds.map(({ round }) => round))).size;
    const drawn = replay(all, { gates: VIRTUAL_GATES, seed: 1, swap: name === 'equal' });
    const sizes = added === undefined ? undefined : sizesOf(own, added);
    const near = (misses: readonly number[]): string =>
      share(misses.filter((miss) => Math.abs(miss) <= NEAR).length, misses.length);
    return [
      `${name}: ${own.length} live gates, ${rounds} rounds, ${own.filter(({ looks }) => looks === 2).length} second looks, median ${median(own.map(({ seconds }) => seconds))} s`,
      `  live: right ${share(count(right), own.length)}, wrong ${share(count(wrong), own.length)}`,
      `  drawn from their rounds: more expensive ${share(drawn.states.regressed, drawn.gates)}, cheaper ${drawn.states.improved}, same ${drawn.states.same}, open ${drawn.states.inconclusive}`,
      ...(sizes
        ? [
            `  size within ${NEAR} points: live ${near(sizes.live)}, drawn ${near(sizes.drawn)}; median miss ${median(sizes.live).toFixed(2)} points`,
          ]
        : []),
    ];
  });
  const equal = gates.filter(({ kind }) => kind === 'equal');
  if (equal.length === 0) return lines;
  const pairs = equal.reduce((sum, one) => sum + one.pairs.compared, 0);
  const different = equal.reduce((sum, one) => sum + one.pairs.different, 0);
  return [
    ...lines,
    `equal, every metric: ${share(different, pairs)} pairs called different`,
    ...[1.03, 1.05, 1.1, 1.2].map((factor) => {
      const { states, gates: of } = replay(pooled(equal), { gates: VIRTUAL_GATES, seed: 2, swap: true, factor });
      return `equal rounds, head × ${factor}: more expensive ${share(states.regressed, of)}, cheaper ${states.improved}, open ${states.inconclusive}`;
    }),
  ];
}
