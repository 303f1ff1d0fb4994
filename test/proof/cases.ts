/** What `npm run proof` shows. The next case is one more file and a row here. */
import { shareInterval } from '#bench/gate/replay.ts';
import { percent } from '#bench/analysis/words/quantity.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { describePaced, failings, openLoop } from './open-loop.ts';
import { resolution, type ResolutionSize, type Tally } from './resolution.ts';
import { turnLengths } from './turn-length.ts';
import { describe as describeTrial, verdicts } from './verdicts.ts';
import { againstWrk, differs, WITHIN as AGREES_WITHIN } from './wrk.ts';

export interface Shown {
  readonly lines: readonly string[];
  readonly holds: boolean;
}

interface ProofCase {
  readonly name: string;
  readonly summary: string;
  readonly run: (size: ResolutionSize, signal: AbortSignal, told: (line: string) => void) => Promise<Shown>;
}

/** Percentage points by which an estimate of what was burnt may be off. */
const WITHIN = 3;

/** Share by which an A/A pair may differ in turns that are long enough. */
const BIAS = 0.015;

const share = (part: number, whole: number): string => {
  const { low, high } = shareInterval(part, whole);
  return `${part} of ${whole} (${percent(low)}–${percent(high)})`;
};
const near = ({ errors }: Tally): number => errors.filter((error) => Math.abs(error) <= WITHIN).length;
const describe = (name: string, tally: Tally): string =>
  `${name}: more expensive ${share(tally.dearer, tally.comparisons)}, cheaper ${tally.cheaper}, open ${tally.open}; ` +
  `within ${WITHIN} points ${share(near(tally), tally.comparisons)}, median error ${median(tally.errors).toFixed(2)} points`;

export const cases: readonly ProofCase[] = [
  {
    name: 'resolution',
    summary:
      'equal is not called different, +10 % CPU is called more expensive and sized, +3 % is never called cheaper',
    async run(size, signal, told) {
      const { rounds, invalid, pairs, live, drawn } = await resolution(size, signal, told);
      const lines = [
        `${rounds} rounds, ${invalid} trials invalid`,
        `A/A over all metrics: ${share(pairs.different, pairs.live)} pairs called different`,
        ...[...live].map(([name, tally]) => describe(`${name}, live comparisons of 12 rounds`, tally)),
        ...[...drawn].map(([name, tally]) => describe(`${name}, drawn from all rounds`, tally)),
      ];
      const ten = drawn.get('+10 %')!;
      const holds =
        pairs.different <= 0.01 * pairs.live &&
        ten.dearer >= 0.95 * ten.comparisons &&
        near(ten) >= 0.95 * ten.comparisons &&
        [live, drawn].every((of) => ['+10 %', '+3 %'].every((name) => of.get(name)!.cheaper === 0));
      return { lines, holds };
    },
  },
  {
    name: 'verdicts',
    summary:
      'a starved generator, a dear origin and a loaded host are each told, and no capacity is claimed of the subject',
    async run(size, signal, told) {
      const { plain, claims, spoiled } = await verdicts(size, signal, told);
      const lines = [
        `nothing spoiled: ${claims ? 'a capacity is claimed' : 'no capacity is claimed either: this host shows less than another would'} (${describeTrial(plain)})`,
        ...spoiled.map(({ name, trial, holds, claims: wrongly }) => {
          const outcome = holds ? 'told' : wrongly ? 'A CAPACITY IS CLAIMED' : 'NOT TOLD';
          return `${name}: ${outcome} (${describeTrial(trial)})`;
        }),
      ];
      return { lines, holds: spoiled.every(({ holds }) => holds) };
    },
  },
  {
    name: 'open-loop',
    summary: 'on the core that it shares with the origin, the open loop holds its rate on time, and never collapses',
    async run(_size, signal, told) {
      const shown = await openLoop({}, signal, told);
      const failed = failings(shown);
      const lines = [
        ...[...shown.paced, shown.beyond].map(describePaced),
        ...failed.map((line) => `not so: ${line}`),
        `other processes used ${percent(shown.foreign)} of the CPU meanwhile`,
      ];
      return { lines, holds: failed.length === 0 };
    },
  },
  {
    name: 'wrk',
    summary: 'under wrk, visited in turn and read by a script of its own, the same proxies have the same ratios',
    async run({ seed }, signal, told) {
      const found = await againstWrk(seed, signal, told);
      const lines = found.map(
        (one) =>
          `${one.subject} ÷ l7-http: ${one.hopcost.toFixed(3)} in turns, ${one.wrk.toFixed(3)} under wrk, differ by ${percent(Math.abs(differs(one)))}`,
      );
      return { lines, holds: found.every((one) => Math.abs(differs(one)) <= AGREES_WITHIN) };
    },
  },
  {
    name: 'turn-length',
    summary: 'in turns of 40 ms and more a proxy costs what it costs beside itself, whatever their length',
    async run({ seed }, signal, told) {
      const found = await turnLengths(seed, signal, told);
      const show = ({ value, low, high }: (typeof found)[number]['twin']): string =>
        [value, low, high]
          .map((log) => Math.exp(log).toFixed(3))
          .join(' ')
          .replace(/ (.*) (.*)/, ' ($1–$2)');
      const lines = found.map(
        ({ length, twin, hop }) => `${length} ms: A/A ${show(twin)}, l7-http ÷ l4-tcp ${show(hop)}`,
      );
      return { lines, holds: found.every(({ length, twin }) => length < 40 || Math.abs(twin.value) <= BIAS) };
    },
  },
];
