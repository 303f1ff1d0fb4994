/**
 * Virtual gates: rounds that were really measured, drawn again with replacement and, where a change is to be injected, scaled; each
 * decided exactly as a live gate is, second look included. How often they raise a false alarm, and how often they catch a change,
 * is the gate's operating characteristic. Seeded and pure.
 */
import { mulberry32 } from '#proxies/platform/random.ts';
import { stateOfGate } from './decide.ts';
import type { GateState } from './result.ts';
import { ROUNDS } from './rules.ts';
import type { Measured, RoundFigures } from './sides.ts';

export interface ReplayOptions {
  readonly gates: number;
  readonly seed: number;
  /** Head's figures are multiplied by this; 1: as measured. */
  readonly factor?: number;
  /**
   * Whether the two revisions of each drawn round are swapped at random: for rounds in which both are the same, that makes them know
   * no order.
   */
  readonly swap?: boolean;
}

export interface ReplayOutcome {
  readonly gates: number;
  readonly states: Readonly<Record<GateState, number>>;
  /** How many took the second look. */
  readonly second: number;
}

/** `measured`: the metrics of one gate, all over the same rounds; a drawn round brings its figures of every metric. */
export function replay(measured: readonly Measured[], options: ReplayOptions): ReplayOutcome {
  const { gates, seed, factor = 1, swap = false } = options;
  const random = mulberry32(seed);
  const states: Record<GateState, number> = { regressed: 0, improved: 0, same: 0, inconclusive: 0, invalid: 0 };
  const numbers = [...new Set(measured.flatMap(({ rounds }) => rounds.map(({ round }) => round)))];
  const tables = measured.map((one) => ({ one, byRound: new Map(one.rounds.map((round) => [round.round, round])) }));
  let second = 0;
  for (let gate = 0; gate < gates; gate++) {
    const drawn = Array.from({ length: ROUNDS.second }, () => ({
      round: numbers[Math.floor(random() * numbers.length)]!,
      swapped: swap && random() < 0.5,
    }));
    const gateOf = (rounds: number): GateState =>
      stateOfGate(
        tables.map(({ one, byRound }) => ({
          ...one,
          rounds: drawn.slice(0, rounds).flatMap(({ round, swapped }, i): RoundFigures[] => {
            const figures = byRound.get(round);
            if (figures === undefined) return [];
            const [base, head] = swapped ? [figures.head, figures.base] : [figures.base, figures.head];
            return [{ round: i, base, head: factor === 1 ? head : head.map((value) => value * factor) }];
          }),
        })),
      );
    let state = gateOf(ROUNDS.first);
    if (state === 'inconclusive') {
      second++;
      state = gateOf(ROUNDS.second);
    }
    states[state]++;
  }
  return { gates, states, second };
}

/** Wilson's score interval of a share, 95 %. Source: E. B. Wilson, Probable Inference, 1927. */
export function shareInterval(
  count: number,
  of: number,
): { readonly share: number; readonly low: number; readonly high: number } {
  if (of === 0) return { share: 0, low: 0, high: 1 };
  const z = 1.959_963_984_540_054;
  const share = count / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
