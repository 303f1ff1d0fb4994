/**
 * Head against stored records instead of a base measured beside it. The two were measured at different times, on what may have been another host
 * each: compared is each figure's ratio to a yardstick that took its turns in the same seconds (`compare-runs.ts`), and the smallest change
 * that matters is raised to what two such runs can resolve; a gate with --base sees much smaller changes. Pure.
 */
import { compareRuns, type RunLine } from '#bench/analysis/across-runs/compare-runs.ts';
import { CLAIM_GENERATIONS } from '#bench/analysis/comparison/comparison.ts';
import { describeUntold, MatchError } from '#bench/analysis/across-runs/match-runs.ts';
import { formatQuantity, percent, significant } from '#bench/analysis/words/quantity.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { holm } from '#bench/stats/holm.ts';
import { changeText, ORDER } from './decide.ts';
import type { GateMetric, GateMode, GateState, Revision } from './result.ts';
import { ALPHA, type MetricRule, RULES } from './rules.ts';

export type BaselineVerdict =
  | {
      readonly kind: 'judged';
      readonly yardsticks: Extract<GateMode, { kind: 'baseline' }>['yardsticks'];
      readonly state: GateState;
      readonly metrics: readonly GateMetric[];
      /** What differs between the two and what follows from it, and what could not be compared. Sentences. */
      readonly notes: readonly string[];
    }
  /** Nothing can be compared. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface BaselineOptions {
  readonly rules?: readonly MetricRule[];
  /** Error rate of all primary metrics together; there is one look. */
  readonly alpha?: number;
  /** The proxy that all others are divided by; a fitting one where absent. */
  readonly yardstick?: string | undefined;
}

export function judgeBaseline(
  baseline: RunRecords,
  head: RunRecords,
  { rules = RULES, alpha = ALPHA, yardstick }: BaselineOptions = {},
): BaselineVerdict {
  try {
    const { sameHost, turned, yardsticks, lines, differences, untold, onlyIn } = compareRuns(baseline, head, {
      yardstick,
    });
    const metrics = judgeLines(lines, rules, alpha);
    const deciding = metrics.filter(({ primary }) => primary).map(({ state }) => state);
    if (deciding.length === 0)
      return {
        kind: 'refused',
        reason: `the baseline and head have no deciding metric in common${because(untold.map(describeUntold))}`,
      };
    return {
      kind: 'judged',
      yardsticks: [...new Set(lines.map((line) => line.yardstick))],
      state: ORDER.find((state) => deciding.includes(state)) ?? 'invalid',
      metrics,
      notes: [
        ...(sameHost ? [] : ['the baseline is of another host: what favours one proxy there is in the difference']),
        ...(turned
          ? []
          : ['subjects took no turns in one of the runs: a little of the host’s drift is left in the ratios']),
        ...[...new Set(yardsticks.filter(({ unchanged }) => !unchanged).map(({ subject }) => subject))].map(
          (name) =>
            `${name}, the yardstick, is not known to be the same in both: a change of it would show the other way round in all others`,
        ),
        ...yardsticks.flatMap(({ scenario, subject, moved }) =>
          moved
            .filter(({ main }) => main)
            .slice(0, 1)
            .map(
              ({ title, ratio }) =>
                `${title} of ${subject}, the yardstick, in ${scenario}: ${changeText(ratio)} by itself`,
            ),
        ),
        ...differences.map(
          ({ what, first, second, follows }) => `${what}: ${first} in the baseline, ${second} now; ${follows}`,
        ),
        ...untold.map(describeUntold),
        ...onlyIn.first.map((name) => `${name} is in the baseline only`),
        ...onlyIn.second.map((name) => `${name} is not in the baseline`),
      ],
    };
  } catch (error) {
    if (error instanceof MatchError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

const because = (reasons: readonly string[]): string => (reasons.length === 0 ? '' : ` (${reasons.join('; ')})`);

/** The revision that a file of records holds. */
export function baselineRevision({ run: { revision } }: Pick<RunRecords, 'run'>, file: string): Revision {
  return {
    label: file,
    commit: revision?.replace(/-dirty$/, '') ?? null,
    dirty: revision?.endsWith('-dirty') ?? false,
  };
}

type Ruled = { readonly line: RunLine; readonly rule: MetricRule; readonly primary: boolean };

function judgeLines(lines: readonly RunLine[], rules: readonly MetricRule[], alpha: number): GateMetric[] {
  const ruled = lines.flatMap((line): Ruled[] => {
    const rule = rules.find(({ metric }) => metric === line.metric);
    return rule ? [{ line, rule, primary: rule.primary && line.main && !isCounted(line, lines) }] : [];
  });
  const primary = ruled.filter((one) => one.primary);
  const asked = primary.filter(({ line }) => !line.identical);
  const adjusted = holm(asked.map(({ line }) => line.p));
  return ruled.map((one) => metricOf(one, adjusted[asked.indexOf(one)] ?? one.line.p, alpha));
}

/** Instructions, where they are counted, say the same as CPU time with less noise. */
const isCounted = ({ metric, scenario, subject }: RunLine, lines: readonly RunLine[]): boolean =>
  metric === 'cpuPerRequest' &&
  lines.some((one) => one.metric === 'instructionsPerRequest' && one.scenario === scenario && one.subject === subject);

function metricOf({ line, rule, primary }: Ruled, adjustedP: number, alpha: number): GateMetric {
  const { scenario, subject, metric, title, yardstick, first, second, ratio, p, resolvable, generations } = line;
  // Of too few generations it is not known what they resolve: then nothing is judged by it.
  const used = Number.isFinite(resolvable) ? Math.max(rule.effect, resolvable - 1) : rule.effect;
  const judged = { line, rule, used, adjustedP, alpha };
  const state = stateOf(judged);
  const count = Math.max(generations.first.length, generations.second.length);
  return {
    scenario,
    subject,
    metric,
    title: `${title}, ratio to ${yardstick}`,
    unit: 'ratio',
    better: rule.better,
    primary,
    state,
    base: first,
    head: second,
    ratio,
    // Generations of two runs are no pairs: they stand beside each other as they came.
    rounds: Array.from({ length: count }, (_, round) => {
      const [base, head] = [generations.first[round], generations.second[round]];
      return { round, ...(base !== undefined && { base }), ...(head !== undefined && { head }) };
    }),
    p,
    adjustedP,
    effect: { asked: rule.effect, used, ...(rule.absolute !== undefined && { absolute: rule.absolute }) },
    reason: reasonOf(judged, state),
  };
}

interface Judged {
  readonly line: RunLine;
  readonly rule: MetricRule;
  readonly used: number;
  readonly adjustedP: number;
  readonly alpha: number;
}

function stateOf({ line, rule, used, adjustedP, alpha }: Judged): GateState {
  const { ratio } = line;
  if (ratio.n < CLAIM_GENERATIONS) return 'invalid';
  if (line.limited) return 'inconclusive';
  const { absolute } = rule;
  /** Whether a change is large enough to matter, as a share and in the metric's unit. */
  const matters = (by: number): boolean =>
    Math.max(by, 1 / by) - 1 >= used && (absolute === undefined || Math.abs(by - 1) * line.level >= absolute);
  if (adjustedP <= alpha && matters(ratio.value) && !line.identical)
    return ratio.value > 1 === (rule.better === 'lower') ? 'regressed' : 'improved';
  return matters(ratio.low) || matters(ratio.high) ? 'inconclusive' : 'same';
}

function reasonOf({ line, rule, used, adjustedP, alpha }: Judged, state: GateState): string {
  const change = changeText(line.ratio);
  const raised =
    used > rule.effect ? `, the smallest that two such runs resolve (asked for: ${percent(rule.effect)})` : '';
  const size = `${percent(used)}${rule.absolute === undefined ? '' : ` and ${formatQuantity(rule.absolute, 'µs')}`}${raised}`;
  const told = `p = ${significant(adjustedP)} against ${significant(alpha)}`;
  switch (state) {
    case 'regressed':
    case 'improved':
      return `${change}, more than the ${size} that matters; ${told}`;
    case 'same':
      return `${change} lies within the ${size} that matters`;
    case 'invalid':
      return `${line.generations.first.length} generations of the baseline and ${line.generations.second.length} of head; ${CLAIM_GENERATIONS} of each at least are needed`;
    case 'inconclusive':
      return line.reason !== undefined
        ? `${change}, but ${line.reason}`
        : `${change} neither lies within the ${size} that matters nor is it clearly beyond it (${told})`;
  }
}
