/** What hops do to those who wait: time added at an equal rate, the most that is carried, memory that idle connections hold. */
import { subjectName } from '#bench/model/scenario.ts';
import { samplesFor } from '#bench/stats/histogram.ts';
import type { Finding, ScenarioAnalysis, SubjectAnalysis } from '../analysis.ts';
import { type Comparison, strengthOfBound, strengthOfFigure } from '../comparison.ts';
import type { MetricName } from '../metrics.ts';
import { formatEstimate, formatQuantity } from '../quantity.ts';
import { pacedScenario } from '../reading-point.ts';
import { type Evidence, mainHops, noneCompleted, weaker } from './evidence.ts';

export function addedLatency(evidence: Evidence): Finding[] {
  const main = mainHops(evidence);
  const scenario = pacedScenario(evidence.scenarios);
  if (!scenario || !main) return [];
  return main.hops.flatMap((record): Finding[] => {
    const subject = scenario.subjects.find((one) => one.subject === subjectName(record.subject));
    const of = (metric: MetricName): Comparison | undefined =>
      subject?.versusDirect.find((comparison) => comparison.metric === metric);
    if (!subject) return [];
    const rate = `At ${formatQuantity(scenario.offered!, '/s')}`;
    // Where the generator's own lag would drown it, response time is withheld; service time does not contain the lag.
    const time = of('responseP50') ? 'response' : 'service';
    const [p50, p99] = [of(`${time}P50`), of(`${time}P99`)];
    if (!p50) return [cannotAdd(rate, subject, scenario)];
    const added = [addedWords(p50, 'p50'), ...(p99 ? [addedWords(p99, 'p99')] : [])].join(' and ');
    return [
      {
        sentence: `${rate}, a hop through ${subject.subject} added ${added} to direct’s ${time} time.`,
        strength: strengthOfBound(p50),
        scenario: scenario.scenario.name,
        ...(p50.strength !== 'cannot tell' && {
          figure: {
            label: `Added by ${subject.subject} to direct`,
            what: `${time} time p50`,
            estimate: p50.estimate,
            unit: 'µs',
          },
        }),
      },
    ];
  });
}

/** How long a window must be that carries quantile q at so many requests a second. */
export const windowFor = (q: number, perSecond: number): string =>
  formatQuantity((samplesFor(q) / perSecond) * 1e6, 'µs');

/** What a request sees while the hop is saturated: of a small stream beside the load. */
export function underLoad(evidence: Evidence): Finding[] {
  const main = mainHops(evidence);
  const scenario = evidence.scenarios.find((one) => one.scenario.second !== undefined);
  const second = scenario?.scenario.second;
  if (!scenario || !second || !main) return [];
  const names = new Set(['direct', ...main.hops.map(({ subject }) => subjectName(subject))]);
  return scenario.subjects
    .filter(({ subject, metrics }) => names.has(subject) && metrics.besideP50 !== undefined)
    .map(({ subject, metrics, bound }): Finding => {
      const { besideP50: p50, besideP99: p99 } = metrics;
      const tail = p99
        ? `p99 ${formatEstimate(p99, 'µs')}`
        : `p99 has too few samples, it needs a window of ${windowFor(0.99, second.offered)}`;
      const limit = LIMITS[bound ?? 'none'];
      const through = subject === 'direct' ? 'to direct' : `through ${subject}`;
      return {
        sentence: `Beside a closed loop of ${scenario.scenario.loop.connections} connections (${limit}), requests ${through} took p50 ${formatEstimate(p50!, 'µs')}, ${tail}.`,
        strength: strengthOfFigure(p50!),
        scenario: scenario.scenario.name,
      };
    });
}

function cannotAdd(rate: string, subject: SubjectAnalysis, scenario: ScenarioAnalysis): Finding {
  const direct = scenario.subjects.find(({ layer }) => layer === 'direct');
  const empty = [subject, direct].find((one) => one?.trials.completed === 0);
  const reason = !direct
    ? 'direct was not measured'
    : empty
      ? `${empty.subject}: ${noneCompleted(empty)}`
      : 'no round has both, each with enough samples';
  return {
    sentence: `${rate}, what ${subject.subject} adds to the response time of direct cannot be told: ${reason}.`,
    strength: 'cannot tell',
    scenario: scenario.scenario.name,
  };
}

const addedWords = ({ estimate, strength }: Comparison, name: string): string => {
  if (strength === 'cannot tell' && estimate.n > 1)
    return `at most ${formatQuantity(Math.max(0, estimate.high), 'µs')} at ${name}`;
  return `${formatEstimate(estimate, 'µs')} at ${name}`;
};

/** Throughput is the subject's only where it was saturated itself. */
export function capacities(evidence: Evidence): Finding[] {
  const main = mainHops(evidence);
  if (!main) return [];
  const { scenario, hops } = main;
  return hops.flatMap((record): Finding[] => {
    const subject = scenario.subjects.find((one) => one.subject === subjectName(record.subject));
    if (!subject?.capacity) return [];
    const { kind, estimate } = subject.capacity;
    const figure = formatEstimate(estimate, '/s');
    return [
      {
        sentence:
          kind === 'measured'
            ? `${subject.subject} was itself the limit at ${figure}.`
            : `One core of ${subject.subject} would carry ${figure} by its CPU per request; its throughput here is no capacity, for ${LIMITS[subject.bound ?? 'none']}.`,
        strength: strengthOfFigure(estimate),
        scenario: scenario.scenario.name,
      },
    ];
  });
}

const LIMITS: Readonly<Record<NonNullable<SubjectAnalysis['bound']>, string>> = {
  proxy: 'the proxy was the limit',
  origin: 'the origin was the limit',
  generator: 'the load generator was the limit',
  host: 'the host was the limit',
  none: 'nothing was saturated',
  mixed: 'what was the limit differed from round to round',
};

const MOST_LISTED = 4;

export const idleMemory = ({ scenarios }: Evidence): Finding[] =>
  scenarios.flatMap(({ scenario, subjects }): Finding[] => {
    const held = subjects
      .flatMap(({ subject, metrics: { memoryPerConnection: memory } }) => (memory ? [{ subject, memory }] : []))
      .toSorted((a, b) => a.memory.value - b.memory.value);
    if (held.length === 0) return [];
    const list = held.map(({ subject, memory }) => `${formatEstimate(memory, 'B/connection')} in ${subject}`);
    const words =
      list.length > MOST_LISTED ? `from ${list[0]} to ${list.at(-1)}, ${list.length} proxies in all` : list.join(', ');
    return [
      {
        sentence: `An idle connection held ${words} (${scenario.name}).`,
        strength: held.map(({ memory }) => strengthOfFigure(memory)).reduce(weaker),
        scenario: scenario.name,
      },
    ];
  });
