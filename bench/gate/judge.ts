/** The records of a gate → what it says. Pure: the same records give the same result. */
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { hopName } from '#bench/model/scenario.ts';
import { changeText, decide } from './decide.ts';
import type { BudgetOutcome, GateMetric, GateMode, GateResult, GateState, Revision } from './result.ts';
import { ALPHA, LOOK_ALPHA, type MetricRule } from './rules.ts';
import { comparedOf, measuredOf, ownFaults, spoiledRounds } from './sides.ts';

export interface GateContext {
  readonly records: RunRecords;
  /** Folder of the run, as a user would name it. */
  readonly directory: string;
  readonly mode: GateMode;
  readonly base: Revision;
  readonly head: Revision;
  readonly planned: number;
  readonly looks: 1 | 2;
  readonly budgets: readonly BudgetOutcome[];
  readonly notes: readonly string[];
  readonly seconds: number;
  /** Those of the table where absent. */
  readonly rules?: readonly MetricRule[];
  /** In place of those that the slices give: a baseline's. */
  readonly metrics?: readonly GateMetric[];
  readonly state?: GateState;
}

/** A slice of head that failed by its own fault may be chance; a second one, where base has none, is not. */
const CHANCE = 1;

export function judgeGate(context: GateContext): GateResult {
  const { records, mode, budgets, planned, looks } = context;
  const { run, trials } = records;
  const decision = mode.kind === 'revisions' ? decide(measuredOf(run.scenarios, trials, context.rules)) : undefined;
  const metrics = context.metrics ?? decision?.metrics ?? [];
  const told = context.state ?? decision?.state ?? (mode.kind === 'budgets' ? budgetState(budgets) : 'invalid');
  const untold = mode.kind === 'baseline' ? [] : untoldOf(trials, metrics);
  const state = untold.length > 0 && told !== 'regressed' ? 'invalid' : told;
  const [ofHead, ofBase] = [ownFaults(trials, 'head'), ownFaults(trials, 'base')];
  const compared = ownFaults(comparedOf(trials), 'head');
  const newErrors = compared.length > CHANCE && ofBase.length === 0 ? compared : [];
  const rounds = new Set(trials.map(({ generation }) => generation)).size;
  const spoiled = spoiledRounds(trials).length;
  const faults =
    newErrors.length > 0
      ? []
      : [...ofHead.map((fault) => `head failed in ${fault}`), ...ofBase.map((fault) => `base failed in ${fault}`)];
  return {
    run: run.run,
    directory: context.directory,
    startedAt: run.startedAt,
    seconds: context.seconds,
    hopcost: run.hopcost,
    command: run.command,
    mode,
    base: context.base,
    head: context.head,
    environment: run.environment,
    scenarios: run.scenarios.map(({ name }) => name),
    rounds: { planned, measured: rounds - spoiled, repeated: Math.max(0, rounds - looks * planned), looks },
    alpha: { gate: ALPHA, look: LOOK_ALPHA },
    state,
    verdict: verdictOf({ state, metrics, newErrors, budgets, mode, untold }),
    metrics,
    budgets,
    newErrors,
    notes: [
      ...context.notes,
      ...(spoiled > 0
        ? [`${spoiled} of ${rounds} rounds were spoiled by the host or a failed slice and count in nothing`]
        : []),
      ...faults.slice(0, 5),
    ],
  };
}

/**
 * What the gate was to tell of and has no figure of, as 'mine in http-small': both revisions ran it and no round has a deciding metric of
 * both, or head alone ran it and completed nothing. Whatever the rest says, the gate has not passed it.
 */
function untoldOf(trials: readonly TrialRecord[], metrics: readonly GateMetric[]): string[] {
  const decided = metrics.filter(({ primary }) => primary).map(({ subject, scenario }) => `${subject} in ${scenario}`);
  const compared = new Set(comparedOf(trials));
  const alone = trials.filter((trial) => trial.subject.kind === 'proxy' && !compared.has(trial));
  const placeOf = ({ subject, scenario }: TrialRecord): string => `${hopName(subject)} in ${scenario}`;
  const told = new Set([...decided, ...alone.filter(({ state }) => state === 'completed').map(placeOf)]);
  return [...new Set([...compared, ...alone].map(placeOf))].filter((place) => !told.has(place));
}

/** Only budgets were checked: nothing is compared. */
const budgetState = (budgets: readonly BudgetOutcome[]): GateState =>
  budgets.length === 0 ? 'invalid' : budgets.some(({ state }) => state === 'unknown') ? 'inconclusive' : 'same';

const named = ({ title, subject, scenario }: GateMetric): string => `${title} of ${subject} in ${scenario}`;
const change = ({ ratio }: GateMetric): string => (ratio ? changeText(ratio) : 'not measured');

/** The metric that says most about a state: the largest change of the deciding ones. */
function foremost(metrics: readonly GateMetric[], state: GateState): GateMetric | undefined {
  const size = ({ ratio }: GateMetric): number => Math.abs(Math.log(ratio?.value ?? 1));
  return metrics.filter((one) => one.primary && one.state === state).toSorted((a, b) => size(b) - size(a))[0];
}

interface Judged {
  readonly state: GateState;
  readonly metrics: readonly GateMetric[];
  readonly newErrors: readonly string[];
  readonly budgets: readonly BudgetOutcome[];
  readonly mode: GateMode;
  /** Places of which an invalid gate has no figure. */
  readonly untold?: readonly string[];
}

/** The verdict in one sentence. */
export function verdictOf({ state, metrics, newErrors, budgets, mode, untold = [] }: Judged): string {
  const exceeded = budgets.filter((one) => one.state === 'exceeded');
  if (newErrors.length > 0) return `Head fails where base does not: ${newErrors[0]}.`;
  const over = exceeded.length > 0 ? ` Budget exceeded: ${exceeded[0]!.text}.` : '';
  if (mode.kind === 'budgets')
    return `Head was not compared with base (${mode.reason}); ${exceeded.length} of ${budgets.length} budgets exceeded.${over}`;
  const deciding = metrics.filter((one) => one.primary);
  const first = foremost(metrics, state);
  const others = (word: string): string => {
    const count = deciding.filter((one) => one.state === state).length - 1;
    return count > 0 ? `, and ${count} more ${word}` : '';
  };
  switch (state) {
    case 'regressed':
      return `Head is more expensive: ${named(first!)} ${change(first!)}${others('regressed')}.${over}`;
    case 'improved':
      return `Head is cheaper: ${named(first!)} ${change(first!)}${others('improved')}.${over}`;
    case 'same':
      return `Head costs what base costs: of ${deciding.length} deciding ${deciding.length === 1 ? 'metric' : 'metrics'} none changed by as much as matters${first ? ` (${named(first)} ${change(first)})` : ''}.${over}`;
    case 'inconclusive': {
      const same = deciding.filter((one) => one.state === 'same');
      const rest = same.length > 0 ? `; ${same.length} of ${deciding.length} deciding metrics are the same` : '';
      return `No regression was found, but not everything could be told: ${named(first!)} ${change(first!)}${others('open')}${rest}.${over}`;
    }
    case 'invalid':
      return `Nothing can be said${untold.length > 0 ? ` of ${untold.join(', ')}` : ''}: too few rounds could be measured.${over}`;
  }
}
