/** What is said of a subject that runs elsewhere: its times at the offered rate, direct's beside them, and what neither can tell. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Finding, ScenarioAnalysis, SubjectAnalysis } from './analysis.ts';
import { formatEstimate, formatQuantity } from './quantity.ts';
import { strengthOfFigure } from './comparison.ts';

export const targetFindings = (subjects: readonly SubjectRecord[], scenarios: readonly ScenarioAnalysis[]): Finding[] =>
  subjects.flatMap(({ subject, external }) => {
    if (!external) return [];
    const name = subjectName(subject);
    const found = scenarios.flatMap((scenario): Finding[] => {
      const target = scenario.subjects.find((one) => one.subject === name);
      return target ? [findingOf(target, scenario)] : [];
    });
    const [first] = found;
    if (first === undefined) return [];
    const said = (external.notes ?? []).map((note): Finding => ({
      sentence: `${name} ${note}.`,
      strength: 'note',
      scenario: first.scenario,
      part: 'configuration',
    }));
    return [...found, ...said];
  });

function findingOf(target: SubjectAnalysis, { scenario, offered, subjects }: ScenarioAnalysis): Finding {
  const direct = subjects.find(({ layer }) => layer === 'direct');
  const { serviceP50 } = target.metrics;
  const where = `${target.subject} runs elsewhere: no CPU figures`;
  if (!serviceP50) {
    const { completed, invalid, failed, reasons } = target.trials;
    const why =
      completed > 0
        ? 'too few requests for a quantile; lengthen the window'
        : `no trial of it completed (${invalid} invalid, ${failed} failed: ${reasons.join(', ')})`;
    return {
      sentence: `How fast ${target.subject} answers in ${scenario.name} cannot be told: ${why}. ${where}.`,
      strength: 'cannot tell',
      scenario: scenario.name,
    };
  }
  const control = direct?.metrics.serviceP50 ? `; direct in ${timesOf(direct)}` : '';
  const caution = control === '' ? '' : ' They end at different origins: what lies between them is no hop cost.';
  return {
    sentence: `At ${formatQuantity(offered ?? 0, '/s')} (${scenario.name}) ${target.subject} answered in ${timesOf(target)}${control}. ${where}.${caution}`,
    strength: strengthOfFigure(serviceP50),
    scenario: scenario.name,
  };
}

const timesOf = ({ metrics: { serviceP50, serviceP99 } }: SubjectAnalysis): string =>
  `${formatEstimate(serviceP50!, 'µs')} (service time p50${serviceP99 ? `; p99 ${formatEstimate(serviceP99, 'µs')}` : ', p99 has too few samples'})`;
