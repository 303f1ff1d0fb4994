/**
 * Where the cost of one request at one hop goes, part by part, and what no part explains. An account is closed round by round: the parts
 * of a round against the whole of that very round, so that what moves a whole round moves both sides.
 */
import type { SubjectRecord } from '#bench/model/record.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { CONFIDENCE, type Rounds } from '../comparison/comparison.ts';
import type { MetricName } from '../figures/metrics.ts';

/** Costs that can be accounted for, each as metrics: the whole and its two halves. */
export const COSTS = {
  CPU: { whole: 'cpuPerRequest', user: 'cpuUserPerRequest', system: 'cpuSystemPerRequest' },
  instructions: {
    whole: 'instructionsPerRequest',
    user: 'instructionsUserPerRequest',
    system: 'instructionsKernelPerRequest',
  },
} as const satisfies Record<string, Record<'whole' | 'user' | 'system', MetricName>>;
export type Cost = keyof typeof COSTS;

/** In the order in which they are listed. */
export const PARTS = {
  kernel: { name: 'kernel I/O', words: 'receiving and sending on both sides, and waking whoever waits for it' },
  loop: { name: 'event loop and dispatch', words: 'waiting for sockets, and reading and writing them from user space' },
  relay: { name: 'relaying', words: 'handing octets from one socket to the other' },
  body: { name: 'octets of the body', words: 'what grows with the answer’s length in user space' },
  head: { name: 'heads, read and reissued', words: 'scanning both heads, writing the request’s anew' },
  route: { name: 'route and endpoint', words: 'where the request goes' },
  exchange: {
    name: 'exchange, pool and timers',
    words: 'the state of both connections, one pooled connection, time limits',
  },
  cold: {
    name: 'the same code in place',
    words: 'what these take beyond a hot loop, in caches that the kernel has used in between',
  },
  tls: { name: 'TLS records', words: 'decrypting requests, encrypting answers, and their own way through the runtime' },
} as const;
export type PartName = keyof typeof PARTS;
const ORDER = Object.keys(PARTS) as PartName[];

/** What a part is known by, before the account is closed. */
export interface Entry {
  readonly part: PartName;
  /** Which half of the cost it is a piece of. */
  readonly side: 'user' | 'system';
  /** A figure a round; or one for the whole run, as micro-benchmarks give. */
  readonly figure: Rounds | Estimate;
  /** 'measured': at the hop itself. */
  readonly method: 'measured' | 'difference' | 'slope' | 'micro-benchmark';
  /** 'system CPU of l7-http', 'micro-benchmarks http × 3', … */
  readonly source: string;
}

export interface AccountPart extends Omit<Entry, 'figure'> {
  readonly name: string;
  readonly words: string;
  /** Per request, in the cost's unit. Over rounds, or over batches where it is a micro-benchmark's. */
  readonly estimate: Estimate;
}

export interface Missing {
  readonly what: string;
  /** What to do about it, or why nothing can be. */
  readonly how: string;
}

export interface Account {
  readonly subject: string;
  readonly layer: SubjectRecord['layer'];
  readonly tls: boolean;
  readonly isReference: boolean;
  readonly scenario: string;
  readonly cost: Cost;
  /** Over the rounds that have every part. */
  readonly whole: Estimate;
  readonly parts: readonly AccountPart[];
  /** The whole less its parts, so that they add up to it. Below zero: parts overlap, or are too large. */
  readonly unexplained: Estimate;
  /** Sum of the parts over the whole. */
  readonly explained: Estimate;
  /** 'explained': the parts come to 90 % of the whole at least. 'overlapping': to more than the whole, beyond what noise allows. */
  readonly verdict: 'explained' | 'not explained' | 'overlapping';
  /** Its parts are the hop's own measured halves: that they add up proves nothing. */
  readonly byConstruction: boolean;
  /** Other processes had the core while its micro-benchmarks ran: what they give is too large. */
  readonly disturbed: boolean;
  readonly notes: readonly string[];
  readonly missing: readonly Missing[];
}

/** Least part of the whole that an account must explain. */
export const ENOUGH = 0.9;

const isRounds = (figure: Entry['figure']): figure is Rounds => figure instanceof Map;

export interface Opened {
  readonly of: Pick<Account, 'subject' | 'layer' | 'tls' | 'isReference' | 'scenario' | 'cost'>;
  readonly whole: Rounds;
  readonly entries: readonly Entry[];
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
  readonly byConstruction: boolean;
  readonly disturbed: boolean;
}

/** Undefined where no round has the whole and every part. */
export function closeAccount({ of, whole, entries, missing, notes, ...marks }: Opened): Account | undefined {
  const rounds = [...whole.keys()].filter((round) =>
    entries.every(({ figure }) => !isRounds(figure) || figure.has(round)),
  );
  if (rounds.length === 0) return undefined;
  const over = (value: (round: number) => number): Estimate => hodgesLehmann(rounds.map(value), CONFIDENCE);
  const at = ({ figure }: Entry, round: number): number => (isRounds(figure) ? figure.get(round)! : figure.value);
  const sum = (round: number): number => entries.reduce((total, entry) => total + at(entry, round), 0);

  const parts = entries
    .toSorted((a, b) => ORDER.indexOf(a.part) - ORDER.indexOf(b.part))
    .map((entry): AccountPart => {
      const { figure, ...rest } = entry;
      const estimate = isRounds(figure) ? over((round) => at(entry, round)) : figure;
      return { ...rest, ...PARTS[entry.part], estimate };
    });
  const total = over((round) => whole.get(round)!);
  // Micro-benchmarks do not vary from round to round: what they may be off by is added to what the rounds say.
  const constants = entries.flatMap(({ figure }) => (isRounds(figure) ? [] : [figure]));
  const above = constants.reduce((wide, { value, high }) => wide + high - value, 0);
  const below = constants.reduce((wide, { value, low }) => wide + value - low, 0);
  const rest = over((round) => whole.get(round)! - sum(round));
  // Medians over rounds do not add up exactly; what is left takes the difference, so that the column does.
  const left = total.value - parts.reduce((all, { estimate }) => all + estimate.value, 0);
  const unexplained = widened({ ...rest, low: rest.low - above, high: rest.high + below }, left);
  const share = over((round) => sum(round) / whole.get(round)!);
  const explained = widened(
    { ...share, low: share.low - below / total.value, high: share.high + above / total.value },
    1 - left / total.value,
  );
  return {
    ...of,
    whole: total,
    parts,
    unexplained,
    explained,
    verdict: unexplained.high < 0 ? 'overlapping' : explained.value >= ENOUGH ? 'explained' : 'not explained',
    ...marks,
    notes: [
      ...parts.flatMap(({ name, estimate: { value, high, n } }) => {
        if (value >= 0) return [];
        return [
          high >= 0 || n < 2
            ? `${name} came out below zero, within its interval: too small for this run to see`
            : `${name} came out below zero: the figures that it is the difference of overlap`,
        ];
      }),
      ...(rounds.length < whole.size
        ? [`rests on ${rounds.length} of ${whole.size} rounds: the others lack a part`]
        : []),
      ...notes,
    ],
    missing,
  };
}

const widened = (estimate: Estimate, value: number): Estimate => ({
  ...estimate,
  value,
  low: Math.min(estimate.low, value),
  high: Math.max(estimate.high, value),
});
