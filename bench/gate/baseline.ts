/**
 * Head against stored records instead of a base measured beside it: figures where the host is the same, ratios to direct (and of CPU to a
 * reference) where it is not. The two were measured at different times, so the smallest change that matters is raised to what direct,
 * the control, shows that the host changed by itself in between; a gate with --base sees much smaller changes. Pure.
 */
import { compareRuns, type RunLine } from '#bench/analysis/compare-runs.ts';
import { describeUntold, MatchError } from '#bench/analysis/match-runs.ts';
import { METRICS } from '#bench/analysis/metrics.ts';
import { formatQuantity, percent, significant } from '#bench/analysis/quantity.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { holm } from '#bench/stats/holm.ts';
import { changeText, ORDER } from './decide.ts';
import type { GateMetric, GateMode, GateState, Revision } from './result.ts';
import { ALPHA, type MetricRule, RULES } from './rules.ts';

export type BaselineVerdict =
  | {
      readonly kind: 'judged';
      readonly compared: Extract<GateMode, { kind: 'baseline' }>['compared'];
      readonly state: GateState;
      readonly metrics: readonly GateMetric[];
      /** What differs between the two and what follows from it, and what could not be compared. Sentences. */
      readonly notes: readonly string[];
    }
  /** Neither figures nor ratios can be compared. */
  | { readonly kind: 'refused'; readonly reason: string };

/** `alpha`: error rate of all primary metrics together; there is one look. */
export function judgeBaseline(
  baseline: RunRecords,
  head: RunRecords,
  { rules = RULES, alpha = ALPHA }: { readonly rules?: readonly MetricRule[]; readonly alpha?: number } = {},
): BaselineVerdict {
  try {
    const { compared, lines, differences, untold, onlyIn } = compareRuns(baseline, head);
    const metrics = judgeLines(lines, rules, alpha, compared === 'figures');
    const deciding = metrics.filter(({ primary }) => primary).map(({ state }) => state);
    if (deciding.length === 0)
      return {
        kind: 'refused',
        reason: `the baseline and head have no deciding metric in common${because(untold.map(describeUntold))}`,
      };
    return {
      kind: 'judged',
      compared,
      state: ORDER.find((state) => deciding.includes(state)) ?? 'invalid',
      metrics,
      notes: [
        ...(compared === 'figures'
          ? []
          : [
              'the baseline is of another host: throughput and latency are compared as ratios to direct, CPU, instructions and memory as ratios to a reference proxy; a change of that reference would show as one of all others',
            ]),
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

/** `controlled`: whether a change of the host itself would be in the figures, so that a control must tell it. */
function judgeLines(
  lines: readonly RunLine[],
  rules: readonly MetricRule[],
  alpha: number,
  controlled: boolean,
): GateMetric[] {
  const ruled = lines.flatMap((line): Ruled[] => {
    const rule = rules.find(({ metric }) => metric === line.metric);
    return rule ? [{ line, rule, primary: rule.primary && line.main && !isCounted(line, lines) }] : [];
  });
  const primary = ruled.filter((one) => one.primary);
  const adjusted = holm(primary.map(({ line }) => line.p));
  return ruled.map((one) => {
    const adjustedP = adjusted[primary.indexOf(one)] ?? one.line.p;
    return metricOf(one, adjustedP, alpha, controlled);
  });
}

/** Instructions, where they are counted, say the same as CPU time with less noise. */
const isCounted = ({ metric, scenario, subject }: RunLine, lines: readonly RunLine[]): boolean =>
  metric === 'cpuPerRequest' &&
  lines.some((one) => one.metric === 'instructionsPerRequest' && one.scenario === scenario && one.subject === subject);

/** Counts do not change with the speed of the host. */
const NEEDS_NO_CONTROL: ReadonlySet<MetricRule['metric']> = new Set([
  'instructionsPerRequest',
  'memoryPerConnection',
  'residentMemory',
  'contextSwitchesPerRequest',
]);

function metricOf({ line, rule, primary }: Ruled, adjustedP: number, alpha: number, controlled: boolean): GateMetric {
  const { scenario, subject, metric, unit, first, second, ratio, p, of, floor, rounds } = line;
  const used = Math.max(rule.effect, (floor ?? 1) - 1);
  const blind = controlled && floor === undefined && !NEEDS_NO_CONTROL.has(metric);
  const judged = { line, rule, used, adjustedP, alpha, blind };
  const state = stateOf(judged);
  const count = Math.max(rounds.first.length, rounds.second.length);
  return {
    scenario,
    subject,
    metric,
    title: of === 'figure' ? METRICS[metric].title : `${METRICS[metric].title}, ${of}`,
    unit,
    better: rule.better,
    primary,
    state,
    base: first,
    head: second,
    ratio,
    // Rounds of two runs are no pairs: they stand beside each other as they came.
    rounds: Array.from({ length: count }, (_, round) => {
      const [base, head] = [rounds.first[round], rounds.second[round]];
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
  /** No control tells what the host did. */
  readonly blind: boolean;
}

function stateOf({ line, rule, used, adjustedP, alpha, blind }: Judged): GateState {
  const { ratio, rounds } = line;
  if (leastP(rounds.first.length, rounds.second.length) > alpha) return 'invalid';
  if (blind || line.limited) return 'inconclusive';
  const { absolute } = rule;
  /** Whether a change is large enough to matter, as a share and in the metric's unit. */
  const matters = (by: number): boolean =>
    Math.max(by, 1 / by) - 1 >= used && (absolute === undefined || Math.abs(by - 1) * line.level >= absolute);
  if (adjustedP <= alpha && matters(ratio.value))
    return ratio.value > 1 === (rule.better === 'lower') ? 'regressed' : 'improved';
  return matters(ratio.low) || matters(ratio.high) ? 'inconclusive' : 'same';
}

/** The smallest p that samples of these sizes can give: all of one above all of the other. */
function leastP(m: number, n: number): number {
  let ways = 1;
  for (let i = 1; i <= m; i++) ways = (ways * (n + i)) / i;
  return 2 / ways;
}

function reasonOf({ line, rule, used, adjustedP, alpha, blind }: Judged, state: GateState): string {
  const change = changeText(line.ratio);
  const raised =
    used > rule.effect
      ? `, by which direct or the same subject twice differed (asked for: ${percent(rule.effect)})`
      : '';
  const size = `${percent(used)}${rule.absolute === undefined ? '' : ` and ${formatQuantity(rule.absolute, 'µs')}`}${raised}`;
  const told = `p = ${significant(adjustedP)} against ${significant(alpha)}`;
  switch (state) {
    case 'regressed':
    case 'improved':
      return `${change}, more than the ${size} that matters; ${told}`;
    case 'same':
      return `${change} lies within the ${size} that matters`;
    case 'invalid':
      return `${line.rounds.first.length} rounds of the baseline and ${line.rounds.second.length} of head are too few for any p below ${significant(alpha)}`;
    case 'inconclusive':
      if (line.limited) return `${change}, but ${line.reason}`;
      if (blind)
        return `${change}, but direct is not in both, so that the host’s own change between the two cannot be told from it`;
      return `${change} neither lies within the ${size} that matters nor is it clearly beyond it (${told})`;
  }
}
