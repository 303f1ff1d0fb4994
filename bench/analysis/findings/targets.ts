/** What is said of a subject that runs elsewhere: its times at the offered rate, direct's beside them, and what neither can tell. */
import { subjectName } from '#bench/model/scenario.ts';
import type { Finding, ScenarioAnalysis, SubjectAnalysis } from '../analysis.ts';
import { bySureness, type Evidence } from './evidence.ts';
import { formatEstimate, formatQuantity } from '../words/quantity.ts';
import { strengthOfFigure } from '../comparison/comparison.ts';
import type { Trust } from '../instruments/trust.ts';

export const targetFindings = ({
  subjects,
  scenarios,
  trust,
}: Pick<Evidence, 'subjects' | 'scenarios' | 'trust'>): Finding[] =>
  subjects.flatMap(({ subject, external }) => {
    if (!external) return [];
    const name = subjectName(subject);
    const found = scenarios.flatMap((scenario): Finding[] => {
      const target = scenario.subjects.find((one) => one.subject === name);
      return target ? findingsOfOne(target, scenario, trust) : [];
    });
    const [first] = found;
    if (first === undefined) return [];
    const said = (external.notes ?? []).map((note): Finding => ({
      sentence: `${name} ${note}.`,
      strength: 'note',
      restsOn: [],
      scenario: first.scenario,
      part: 'configuration',
    }));
    return [...found, ...said];
  });

function findingsOfOne(
  target: SubjectAnalysis,
  { scenario, offered, subjects }: ScenarioAnalysis,
  trust: Trust,
): Finding[] {
  const direct = subjects.find(({ layer }) => layer === 'direct');
  const where = `${target.subject} runs elsewhere: no CPU figures`;
  if (!target.metrics.serviceP50) {
    const { completed, invalid, failed, reasons } = target.trials;
    const why =
      completed > 0
        ? 'too few requests for a quantile; lengthen the window'
        : `no trial of it completed (${invalid} invalid, ${failed} failed: ${reasons.join(', ')})`;
    return [
      {
        sentence: `How fast ${target.subject} answers in ${scenario.name} cannot be told: ${why}. ${where}.`,
        strength: 'cannot tell',
        restsOn: ['serviceP50'],
        scenario: scenario.name,
      },
    ];
  }
  return bySureness(trust, QUANTILES).flatMap((told, i): Finding[] => {
    const [{ metric }] = told;
    const estimate = target.metrics[metric];
    if (!estimate) return [];
    const control = direct?.metrics[metric] ? `; direct in ${timesOf(direct, told)}` : '';
    const caution = control === '' ? '' : ' They end at different origins: what lies between them is no hop cost.';
    return [
      {
        sentence: `At ${formatQuantity(offered ?? 0, '/s')} (${scenario.name}) ${target.subject} answered in ${timesOf(target, told)}${control}.${i === 0 ? ` ${where}.${caution}` : ''}`,
        strength: strengthOfFigure(estimate),
        restsOn: told.map((one) => one.metric),
        scenario: scenario.name,
      },
    ];
  });
}

const QUANTILES = [
  { metric: 'serviceP50', name: 'p50' },
  { metric: 'serviceP99', name: 'p99' },
] as const;
type Told = readonly [(typeof QUANTILES)[number], ...(typeof QUANTILES)[number][]];

/** '5.00 ms (4.9–5.1) (service time p50; p99 9.00 ms (8.9–9.1))'; the first is there. */
function timesOf({ metrics }: SubjectAnalysis, [first, ...more]: Told): string {
  const others = more.map(({ metric, name }) => {
    const estimate = metrics[metric];
    return estimate ? `; ${name} ${formatEstimate(estimate, 'µs')}` : `, ${name} has too few samples`;
  });
  return `${formatEstimate(metrics[first.metric]!, 'µs')} (service time ${first.name}${others.join('')})`;
}
