/**
 * What a peer may make us do for nothing: one token bucket a kind and connection. Whoever empties one is told to be calm
 * (RFC 9113 §10.5) and disconnected. Well-behaved peers stay far below: browsers cancel what a user leaves, gRPC measures by PING.
 */
import { ENHANCE_YOUR_CALM, Http2Error } from './errors.ts';

interface Allowance {
  /** So many at once, and so many more each second. */
  readonly burst: number;
  readonly perSecond: number;
  readonly what: string;
}

export const BUDGETS = {
  resets: { burst: 500, perSecond: 50, what: 'streams reset by the peer' },
  provokedResets: { burst: 200, perSecond: 20, what: 'streams that the peer made us reset' },
  pings: { burst: 200, perSecond: 20, what: 'PING frames' },
  settings: { burst: 50, perSecond: 5, what: 'SETTINGS frames' },
  ignored: { burst: 1_000, perSecond: 100, what: 'frames that are ignored (PRIORITY, unknown types, closed streams)' },
  emptyData: { burst: 200, perSecond: 50, what: 'DATA frames without content' },
  continuations: { burst: 500, perSecond: 50, what: 'CONTINUATION frames' },
  tinyWindows: { burst: 500, perSecond: 100, what: 'DATA frames cut small by tiny windows' },
  hugeHeads: { burst: 50, perSecond: 5, what: 'header sections above the limit' },
} as const satisfies Record<string, Allowance>;

export type BudgetKind = keyof typeof BUDGETS;

const KINDS = Object.keys(BUDGETS) as BudgetKind[];
const ALLOWANCES: readonly Allowance[] = Object.values(BUDGETS);
const NUMBERS = Object.fromEntries(KINDS.map((kind, number) => [kind, number])) as Record<BudgetKind, number>;

export class Budgets {
  readonly #clock: () => number;
  readonly #left = Float64Array.from(ALLOWANCES, ({ burst }) => burst);
  /** When each was filled up last. */
  readonly #filledAt: Float64Array;

  /** `clock` gives milliseconds. It is only asked once a burst is used up. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#filledAt = new Float64Array(ALLOWANCES.length).fill(clock());
  }

  /** Takes one token. Throws `Http2Error` where there is none. */
  spend(kind: BudgetKind): void {
    const number = NUMBERS[kind];
    const left = this.#left[number]! - 1;
    this.#left[number] = left;
    if (left < 0) this.#fill(number);
  }

  /** Gives one back: work of substance came with it. */
  restore(kind: BudgetKind): void {
    const number = NUMBERS[kind];
    if (this.#left[number]! < ALLOWANCES[number]!.burst) this.#left[number]!++;
  }

  #fill(number: number): void {
    const { burst, perSecond, what } = ALLOWANCES[number]!;
    const now = this.#clock();
    const gained = ((now - this.#filledAt[number]!) / 1_000) * perSecond;
    this.#filledAt[number] = now;
    this.#left[number] = Math.min(burst - 1, this.#left[number]! + gained);
    if (this.#left[number]! < 0)
      throw new Http2Error(
        ENHANCE_YOUR_CALM,
        `too many ${what}: ${burst} at once and ${perSecond} a second are allowed`,
      );
  }
}
