/** Scenarios that no other finding tells of: each shows its own figures, whatever it is called and whatever it is for. */
import type { Finding, ScenarioAnalysis, SubjectAnalysis } from '../analysis.ts';
import { strengthOfBound, strengthOfFigure, type Strength } from '../comparison/comparison.ts';
import { METRIC_NAMES, metric, type MetricName } from '../figures/metrics.ts';
import { formatEstimate, formatQuantity } from '../words/quantity.ts';
import { weakest } from '../instruments/trust.ts';
import { type Evidence, noneCompleted } from './evidence.ts';
import { MOST_LISTED } from './load.ts';

/** `told`: the names of those that need no sentence of their own. */
export const otherScenarios = ({ scenarios, trials }: Evidence, told: ReadonlySet<string>): Finding[] =>
  scenarios
    .filter(({ scenario }) => !told.has(scenario.name) && trials.some((trial) => trial.scenario === scenario.name))
    .map(scenarioFinding);

/** One figure of each subject that has it. */
interface Told {
  readonly metric: MetricName;
  readonly verb: string;
  readonly figures: readonly { readonly subject: string; readonly text: string; readonly strength: Strength }[];
}

function scenarioFinding(of: ScenarioAnalysis): Finding {
  const { scenario, offered, subjects } = of;
  const where = `${scenario.name} (${scenario.summary}${offered === null ? '' : `, ${formatQuantity(offered, '/s')}`})`;
  const told = addedTimes(of) ?? ownFigures(subjects);
  if (!told) {
    const reasons = subjects.map((subject) => `${subject.subject}: ${whyNone(subject)}`);
    const sentence = `Nothing can be told of ${where}: ${reasons.slice(0, MOST_LISTED).join('; ')}.`;
    return { sentence, strength: 'cannot tell', restsOn: [], scenario: scenario.name };
  }
  const list = told.figures.map(({ subject, text }) => `${text} ${told.verb} ${subject}`);
  const listed =
    list.length > MOST_LISTED ? `from ${list[0]} to ${list.at(-1)}, ${list.length} subjects in all` : list.join(', ');
  return {
    sentence: `In ${where}, ${metric(told.metric).title}: ${listed}.`,
    strength: weakest('claim', ...told.figures.map(({ strength }) => strength)),
    restsOn: [told.metric],
    scenario: scenario.name,
  };
}

const whyNone = (subject: SubjectAnalysis): string =>
  subject.trials.completed > 0 ? 'it has no figure there' : noneCompleted(subject);

/** At an offered rate: what each hop adds to direct in the middle of all requests. */
function addedTimes({ offered, subjects }: ScenarioAnalysis): Told | undefined {
  if (offered === null) return undefined;
  for (const name of ['responseP50', 'serviceP50'] as const) {
    const added = subjects
      .flatMap(({ subject, versusDirect }) => {
        const comparison = versusDirect.find((one) => one.metric === name);
        return comparison ? [{ subject, comparison }] : [];
      })
      .toSorted((a, b) => a.comparison.estimate.value - b.comparison.estimate.value);
    if (added.length === 0) continue;
    const figures = added.map(({ subject, comparison }) => ({
      subject,
      text: `${comparison.estimate.value > 0 ? '+' : ''}${formatEstimate(comparison.estimate, metric(name).unit)}`,
      strength: strengthOfBound(comparison),
    }));
    return { metric: name, verb: 'through', figures };
  }
  return undefined;
}

/** The first of all figures that any proxy has there; of direct alone what it carried. */
function ownFigures(subjects: readonly SubjectAnalysis[]): Told | undefined {
  const hops = subjects.filter(({ layer }) => layer !== 'direct');
  const of = (some: readonly SubjectAnalysis[], name: MetricName): Told | undefined => {
    const having = some
      .flatMap(({ subject, metrics }) => {
        const estimate = metrics[name];
        return estimate ? [{ subject, estimate }] : [];
      })
      .toSorted((a, b) => a.estimate.value - b.estimate.value);
    const figures = having.map(({ subject, estimate }) => ({
      subject,
      text: formatEstimate(estimate, metric(name).unit),
      strength: strengthOfFigure(estimate),
    }));
    return figures.length > 0 ? { metric: name, verb: 'in', figures } : undefined;
  };
  for (const some of [hops, subjects])
    for (const name of METRIC_NAMES) {
      const told = name === 'errorShare' ? undefined : of(some, name);
      if (told) return told;
    }
  return undefined;
}
