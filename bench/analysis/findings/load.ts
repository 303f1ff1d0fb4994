/** What hops do to those who wait: time added at an equal rate, the most that is carried, memory that idle connections hold. */
import { subjectName } from '#bench/model/scenario.ts';
import { samplesFor } from '#bench/stats/histogram.ts';
import type { Finding, ScenarioAnalysis, SubjectAnalysis } from '../analysis.ts';
import { type Comparison, strengthOfBound, strengthOfFigure } from '../comparison/comparison.ts';
import type { MetricName } from '../figures/metrics.ts';
import { formatEstimate, formatQuantity } from '../words/quantity.ts';
import { pacedScenario } from '../scenarios/reading-point.ts';
import { weakest } from '../instruments/trust.ts';
import { bySureness, type Evidence, mainHops, noneCompleted, placeOf, type Reading } from './evidence.ts';

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
    const readings = [p50, ...(p99 ? [p99] : [])].map((added, i): Reading => ({
      metric: added.metric,
      words: addedWords(added, i === 0 ? 'p50' : 'p99'),
      strength: strengthOfBound(added),
    }));
    const figure = {
      label: `Added by ${subject.subject} to direct`,
      what: `${time} time p50`,
      estimate: p50.estimate,
      unit: 'µs',
    } as const;
    return bySureness(evidence.trust, readings).map((told, i) => ({
      sentence: `${rate}, a hop through ${subject.subject} added ${told.map(({ words }) => words).join(' and ')} to direct’s ${time} time.`,
      strength: told[0].strength,
      restsOn: told.map(({ metric }) => metric),
      scenario: scenario.scenario.name,
      ...(i === 0 && p50.strength !== 'cannot tell' && { figure }),
    }));
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
    .flatMap(({ subject, metrics, bound }): Finding[] => {
      const { besideP50: p50, besideP99: p99 } = metrics;
      const readings: Reading[] = [
        { metric: 'besideP50', words: `p50 ${formatEstimate(p50!, 'µs')}`, strength: strengthOfFigure(p50!) },
        p99
          ? { metric: 'besideP99', words: `p99 ${formatEstimate(p99, 'µs')}`, strength: strengthOfFigure(p99) }
          : {
              metric: 'besideP50',
              words: `p99 has too few samples, it needs a window of ${windowFor(0.99, second.offered)}`,
              strength: 'cannot tell',
            },
      ];
      const limit = LIMITS[bound ?? 'none'];
      const through = subject === 'direct' ? 'to direct' : `through ${subject}`;
      return bySureness(evidence.trust, readings).map((told) => ({
        sentence: `Beside a closed loop of ${scenario.scenario.loop.connections} connections (${limit}), requests ${through} took ${told.map(({ words }) => words).join(', ')}.`,
        strength: told[0].strength,
        restsOn: told.map(({ metric }) => metric),
        scenario: scenario.scenario.name,
      }));
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
    restsOn: ['responseP50'],
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
            ? `${subject.subject} was itself the limit at ${figure}${placeOf(scenario)}.`
            : `One core of ${subject.subject} would carry ${figure}${placeOf(scenario)} by its CPU per request; its throughput is no capacity here, for ${LIMITS[subject.bound ?? 'none']}.`,
        strength: strengthOfFigure(estimate),
        restsOn: [kind === 'measured' ? 'throughput' : 'cpuPerRequest'],
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

/** More figures than these are told by the least and the greatest. */
export const MOST_LISTED = 4;

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
        strength: weakest('claim', ...held.map(({ memory }) => strengthOfFigure(memory))),
        restsOn: ['memoryPerConnection'],
        scenario: scenario.name,
      },
    ];
  });
