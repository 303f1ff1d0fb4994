/**
 * Budgets against the rounds of a run. Both sides of a budget are read in the same round wherever both are figures; a budget is kept or
 * exceeded only where the whole Hodges–Lehmann interval lies on that side, and unknown, with the reason, in every other case. Pure.
 */
import type { BudgetOutcome } from '#bench/analysis/budget-outcome.ts';
import { CONFIDENCE, type Rounds } from '#bench/analysis/comparison/comparison.ts';
import { headOf, isDuet } from '#bench/analysis/across-runs/head-of-gate.ts';
import { failuresOf, isLatency, metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatQuantity, type Unit } from '#bench/analysis/words/quantity.ts';
import { type FiguresBy, figuresOnce } from '#bench/analysis/figures/figures.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import type { Bound, RunRecords, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { bootstrap } from '#bench/stats/bootstrap.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { ADDED, type Budget, type BudgetMetric, type Figure, isAdded, unitOf } from './budget.ts';

type Run = Pick<RunRecords, 'run' | 'subjects' | 'trials'>;
interface Context {
  readonly run: Run;
  readonly figures: FiguresBy;
  readonly confidence: number;
  /** Head ran at once with base, on the same core. */
  readonly duet: boolean;
}

/** One outcome a budget, in their order. Of a gate's run, those of head. `confidence`: coverage without which nothing is decided. */
export function judgeBudgets(
  budgets: readonly Budget[],
  records: RunRecords,
  confidence = CONFIDENCE,
): BudgetOutcome[] {
  const run = headOf(records);
  const figures = figuresOnce(run.run.scenarios, run.trials);
  const context = { run, figures, confidence, duet: isDuet(records) };
  return budgets.map((budget) => {
    try {
      return judge(budget, context);
    } catch (error) {
      if (error instanceof Untold) return { text: budget.text, state: 'unknown', reason: error.message };
      throw error;
    }
  });
}

/** Why a side has no figure. */
class Untold extends Error {}

/** A side as measured: a figure a round. */
interface Side {
  readonly rounds: Rounds;
  readonly scenario: string;
  /** The figure's own name where the budget left it open: 'service time' for `addedP99` where response time is withheld. */
  readonly as: MetricName;
  /** Something else is in the figures: in truth they are at least ('floor') or at most ('ceiling') these, and why. */
  readonly blurred?: { readonly as: 'floor' | 'ceiling'; readonly reason: string };
}

function judge({ text, left, operator, right }: Budget, context: Context): BudgetOutcome {
  const upper = operator.startsWith('<');
  const [one, other] = sidesOf(left, right.kind === 'figure' ? right.figure : undefined, context);
  const unit = unitOf(left.metric);
  const compared: Compared =
    right.kind === 'constant'
      ? { measured: alone(one, left, context), limit: right.value, unit }
      : against(one, other!, { factor: right.factor, unit, confidence: context.confidence });
  const { measured, limit } = compared;
  const isStrict = operator.length === 1;
  const below = isStrict === upper ? measured.high < limit : measured.high <= limit;
  const above = isStrict === upper ? measured.low >= limit : measured.low > limit;
  const side = below ? 'below' : above ? 'above' : undefined;
  const needed = leastRounds(context.confidence);
  const where = whereOf(one, other, left.metric);
  const figures = `${formatEstimate(measured, compared.unit)} ${where}`;
  const outcome = { text, measured, limit, unit: compared.unit };
  const words = compared.limitWords ?? formatQuantity(limit, compared.unit);
  if (measured.coverage < context.confidence)
    return {
      ...outcome,
      state: 'unknown',
      reason: `${figures}: ${measured.n === 1 ? 'one round tells' : `${measured.n} rounds tell`} too little; ${needed} at least are needed`,
    };
  if (side === undefined)
    return { ...outcome, state: 'unknown', reason: `${figures}: the interval holds the limit of ${words}` };
  const blurred = blurs(side, one, other);
  if (blurred !== undefined) return { ...outcome, state: 'unknown', reason: `${figures}: ${blurred}` };
  const state = (side === 'below') === upper ? 'kept' : 'exceeded';
  return {
    ...outcome,
    state,
    reason: `${figures}: the whole interval lies ${side} the limit of ${words}`,
  };
}

/** Why left may lie on the other side of the limit in truth; undefined where it cannot. */
function blurs(side: 'below' | 'above', left: Side, right: Side | undefined): string | undefined {
  const [risky, riskyRight] = side === 'below' ? (['floor', 'ceiling'] as const) : (['ceiling', 'floor'] as const);
  if (left.blurred?.as === risky) return left.blurred.reason;
  return right?.blurred?.as === riskyRight ? right.blurred.reason : undefined;
}

interface Compared {
  readonly measured: Estimate;
  readonly limit: number;
  readonly unit: Unit;
  readonly limitWords?: string;
}

function alone({ rounds, scenario }: Side, { subject, metric }: Figure, { run, confidence }: Context): Estimate {
  return metric === 'errorShare'
    ? failedShare(trialsOf(run, scenario, subject), run.run.seed, confidence)
    : hodgesLehmann([...rounds.values()], confidence);
}

interface Against {
  readonly factor: number;
  readonly unit: Unit;
  readonly confidence: number;
}

/** Left ÷ right where all figures are positive; else (an added latency may be zero or less) left − factor × right, against 0. */
function against(left: Side, right: Side, { factor, unit, confidence }: Against): Compared {
  const pairs = [...left.rounds].flatMap(([round, a]): [number, number][] => {
    const b = right.rounds.get(round);
    return b === undefined ? [] : [[a, b]];
  });
  if (pairs.length === 0) throw new Untold('no round has both sides');
  if (pairs.every(([a, b]) => a > 0 && b > 0)) {
    const logs = pairs.map(([a, b]) => Math.log(a) - Math.log(b));
    return { measured: transform(hodgesLehmann(logs, confidence), Math.exp), limit: factor, unit: 'ratio' };
  }
  const differences = pairs.map(([a, b]) => a - factor * b);
  const limitWords = `0, left side less ${factor === 1 ? '' : `${formatQuantity(factor, 'ratio')} `}the right side`;
  return { measured: hodgesLehmann(differences, confidence), limit: 0, unit, limitWords };
}

/**
 * Of all requests, whatever the verdict of their trial: those that fail make it invalid, and would count nowhere. Whole rounds are
 * drawn, because failures come in clusters.
 */
function failedShare(trials: readonly TrialRecord[], seed: number, confidence: number): Estimate {
  const lost = trials.filter((trial) => trial.state === 'failed' || !trial.load).length;
  if (lost > 0)
    throw new Untold(`${lost} of ${trials.length} trials have no result, so their requests cannot be counted`);
  const rounds = [...Map.groupBy(trials, ({ generation }) => generation).values()].map((of) => {
    const loads = of.flatMap((trial) => (trial.state === 'failed' || !trial.load ? [] : [trial.load]));
    const failed = loads.reduce((sum, load) => sum + failuresOf({ load }), 0);
    return { failed, all: failed + loads.reduce((sum, { requests }) => sum + requests, 0) };
  });
  const total = (sample: typeof rounds, of: 'failed' | 'all'): number => sample.reduce((sum, one) => sum + one[of], 0);
  const share = (sample: readonly { failed: number; all: number }[]): number =>
    total([...sample], 'failed') / Math.max(1, total([...sample], 'all'));
  const estimate = bootstrap(rounds, share, { seed, confidence });
  // As few rounds as say nothing of a median say nothing of this either.
  return rounds.length < leastRounds(confidence) ? { ...estimate, coverage: 0 } : estimate;
}

/** Rounds from which the widest signed-rank interval covers with `confidence`. */
const leastRounds = (confidence: number): number => Math.ceil(1 - Math.log2(1 - confidence));

function whereOf(left: Side, right: Side | undefined, named: BudgetMetric): string {
  const places = [...new Set([left.scenario, ...(right ? [right.scenario] : [])])].join(' against ');
  const as = isAdded(named) && ADDED[named].length > 1 ? `${metric(left.as).quantile!.time} time, ` : '';
  return `(${as}${places})`;
}

/** Left and right. A side without `@scenario` follows the other one where its subject was measured there. */
function sidesOf(left: Figure, right: Figure | undefined, context: Context): [Side, Side | undefined] {
  const one =
    left.scenario ??
    (right?.scenario !== undefined && carries(context.run, right.scenario, left.subject)
      ? right.scenario
      : usual(left, context.run));
  const first = sideOf(left, one, context);
  if (!right) return [first, undefined];
  const other = right.scenario ?? (carries(context.run, one, right.subject) ? one : usual(right, context.run));
  return [first, sideOf(right, other, context)];
}

const trialsOf = ({ trials }: Run, scenario: string, subject: string): TrialRecord[] =>
  trials.filter((trial) => trial.scenario === scenario && subjectName(trial.subject) === subject);
const carries = (run: Run, scenario: string, subject: string): boolean => trialsOf(run, scenario, subject).length > 0;

/** Where a metric is told best: latency at the lowest offered rate, idle memory with idle connections, all else in the main scenario. */
function usual({ subject, metric }: Figure, run: Run): string {
  const { scenarios } = run.run;
  const record = run.subjects.find((one) => subjectName(one.subject) === subject);
  if (!record) throw new Untold(`${subject} was not measured in this run`);
  const able = scenarios.filter(({ name }) => carries(run, name, subject));
  const fitting = able
    .filter((scenario) => fits(scenario, metric))
    .toSorted((a, b) => offeredIn(run, a.name) - offeredIn(run, b.name));
  const preferred = isAdded(metric) || isLatency(metric) ? undefined : mainScenarioName(scenarios, record.tls);
  const chosen = fitting.find(({ name }) => name === preferred) ?? fitting[0];
  if (chosen) return chosen.name;
  if (able.length === 0) throw new Untold(`${subject} was not measured in this run`);
  throw new Untold(
    `no scenario of this run tells ${metric} of ${subject}; it had ${able.map(({ name }) => name).join(', ')}`,
  );
}

/** Requests per second of an open loop; 0 of a closed one. */
const offeredIn = ({ trials }: Run, scenario: string): number =>
  trials
    .filter((trial) => trial.scenario === scenario)
    .flatMap(({ loop }) => (loop?.kind === 'open' ? [loop.offered] : []))[0] ?? 0;

function fits({ loop, traffic }: Scenario, metric: BudgetMetric): boolean {
  if (isAdded(metric) || isLatency(metric)) return loop.kind !== 'closed';
  return (traffic.kind === 'idle') === (metric === 'memoryPerConnection');
}

function sideOf({ subject, metric }: Figure, scenario: string, context: Context): Side {
  const trials = trialsOf(context.run, scenario, subject);
  if (trials.length === 0) throw new Untold(`${subject} was not measured in ${scenario}`);
  const side = isAdded(metric)
    ? addedSide(subject, metric, scenario, context)
    : plainSide(subject, metric, scenario, context);
  if (side.rounds.size === 0 && metric !== 'errorShare')
    throw new Untold(`${metric} of ${subject} in ${scenario}: ${whyNone(trials)}`);
  const blurred = blurOf({ subject, metric }, trials, context.duet);
  return { ...side, scenario, ...(blurred && { blurred }) };
}

const SHARED = 'head shared its core with base, which ran at once';

/** Direct's figures are what this lab gives without a hop, whatever its limit is; a proxy's are its own only where it was the limit, alone. */
function blurOf({ subject, metric }: Figure, trials: readonly TrialRecord[], duet: boolean): Side['blurred'] {
  if (subject === 'direct') return undefined;
  if (metric === 'throughput') {
    const limit = duet ? SHARED : limitOf(subject, trials);
    return limit === undefined ? undefined : { as: 'floor', reason: limit };
  }
  return duet && (isAdded(metric) || isLatency(metric)) ? { as: 'ceiling', reason: SHARED } : undefined;
}

const plainSide = (
  subject: string,
  as: MetricName,
  scenario: string,
  { figures }: Context,
): Pick<Side, 'rounds' | 'as'> => ({
  rounds: figures(scenario, subject).get(as) ?? new Map(),
  as,
});

function addedSide(
  subject: string,
  metric: keyof typeof ADDED,
  scenario: string,
  { run, figures }: Context,
): Pick<Side, 'rounds' | 'as'> {
  const direct = trialsOf(run, scenario, 'direct');
  if (direct.length === 0)
    throw new Untold(`direct was not measured in ${scenario}, so nothing can be told to be added to it`);
  const offered = new Set(
    [...trialsOf(run, scenario, subject), ...direct].flatMap(({ loop }) => (loop ? [JSON.stringify(loop)] : [])),
  );
  if (offered.size > 1) throw new Untold(`${subject} and direct were not offered equal load in ${scenario}`);
  const candidates = ADDED[metric].map((as) => {
    const [of, without] = [figures(scenario, subject).get(as), figures(scenario, 'direct').get(as)];
    const rounds = [...(of ?? [])].flatMap(([round, value]): [number, number][] => {
      const less = without?.get(round);
      return less === undefined ? [] : [[round, value - less]];
    });
    return { as, rounds: new Map(rounds) };
  });
  return candidates.find(({ rounds }) => rounds.size > 0) ?? candidates[0]!;
}

function whyNone(trials: readonly TrialRecord[]): string {
  const completed = trials.filter(({ state }) => state === 'completed').length;
  if (completed > 0) return 'this host, this load or this number of requests gives no such figure';
  const codes = trials.flatMap((trial) =>
    trial.state === 'completed'
      ? []
      : trial.state === 'failed'
        ? [trial.error.code]
        : trial.reasons.map(({ code }) => code),
  );
  return `none of ${trials.length} trials completed (${[...new Set(codes)].join(', ')})`;
}

const LIMITS: Readonly<Record<Exclude<Bound, 'proxy'>, string>> = {
  origin: 'the origin',
  generator: 'the load generator',
  host: 'the core that load and origin share',
  none: 'the offered load',
};

function limitOf(subject: string, trials: readonly TrialRecord[]): string | undefined {
  const bounds = trials.flatMap((trial) =>
    trial.state === 'completed' && trial.bound !== 'proxy' ? [trial.bound] : [],
  );
  return bounds[0] === undefined ? undefined : `the limit was ${LIMITS[bounds[0]]}, not ${subject} itself`;
}
