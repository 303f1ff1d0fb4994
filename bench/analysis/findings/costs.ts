/** What hops cost in CPU time: the references, TLS, how the proxies of a layer rank, and each against the reference. */
import { subjectName } from '#bench/model/scenario.ts';
import type { Finding, NamedComparison } from '../analysis.ts';
import { strengthOfBound, strengthOfFigure } from '../comparison/comparison.ts';
import { moreThan } from '../words/ratio-words.ts';
import { formatEstimate, formatQuantity, formatInterval } from '../words/quantity.ts';
import { describeRanking, strengthOfRanking } from '../comparison/ranking.ts';
import { referenceName } from '../scenarios/roles.ts';
import { weakest } from '../instruments/trust.ts';
import { type Evidence, mainHops, MOST_OF_A_KIND, placeOf, whyNone } from './evidence.ts';

const LAYER = { l4: 'L4', l7: 'L7' } as const;
const CPU = 'CPU per request';
const RESTS_ON = ['cpuPerRequest'] as const;

export function hopCosts(evidence: Evidence): Finding[] {
  const main = mainHops(evidence);
  if (!main || (evidence.trials.length === 0 && (evidence.knees ?? evidence.faults))) return []; // nobody asked for a cost
  const { scenario, hops } = main;
  return hops.map((record): Finding => {
    const name = subjectName(record.subject);
    const hop = `One ${LAYER[record.layer as 'l4' | 'l7']} hop (${name})`;
    const subject = scenario.subjects.find((one) => one.subject === name);
    const cpu = subject?.metrics.cpuPerRequest;
    if (!subject || !cpu)
      return {
        sentence: `What one ${LAYER[record.layer as 'l4' | 'l7']} hop (${name}) costs cannot be told: ${whyNone(subject)}.`,
        strength: 'cannot tell',
        restsOn: RESTS_ON,
        scenario: scenario.scenario.name,
      };
    const over = evidence.comparisons.find(
      (one) => one.name === 'L7 over L4' && one.metric === 'cpuPerRequest' && one.subject.subject === name,
    );
    return {
      sentence: `${hop} cost ${formatEstimate(cpu, 'µs')} of CPU per request${placeOf(scenario)}${over ? `, ${moreThan(over, `an L4 hop (${over.reference.subject})`)}` : ''}.`,
      strength: over ? weakest(strengthOfFigure(cpu), strengthOfBound(over)) : strengthOfFigure(cpu),
      restsOn: RESTS_ON,
      scenario: scenario.scenario.name,
      figure: { label: hop, what: CPU, estimate: cpu, unit: 'µs', layer: record.layer },
    };
  });
}

const ofCpu = ({ comparisons }: Evidence, kind: NamedComparison['name']): NamedComparison[] =>
  comparisons.filter(({ name, metric }) => name === kind && metric === 'cpuPerRequest');

/** Of many, the reference’s is the one to read. */
export function tlsCosts(evidence: Evidence): Finding[] {
  const all = ofCpu(evidence, 'TLS added');
  const main = referenceName(evidence.subjects, { layer: 'l7', tls: true });
  const isMain = ({ subject }: NamedComparison): boolean => subject.subject === main;
  const fold = all.length > MOST_OF_A_KIND && all.some(isMain);
  return all.map((comparison): Finding => {
    const { subject, estimate } = comparison;
    return {
      sentence: tlsSentence(comparison),
      strength: strengthOfBound(comparison),
      restsOn: RESTS_ON,
      scenario: subject.scenario,
      ...(fold && !isMain(comparison) && { isDetail: true }),
      figure: { label: `TLS added (${subject.subject})`, what: CPU, estimate, unit: 'µs' },
    };
  });
}

function tlsSentence({ estimate, strength, subject, reference }: NamedComparison): string {
  if (strength === 'cannot tell' && estimate.n > 1)
    return `Terminating TLS (${subject.subject}) added at most ${formatQuantity(Math.max(0, estimate.high), 'µs')} of CPU per request to ${reference.subject}.`;
  if (estimate.value < 0)
    return `${subject.subject} with TLS cost ${formatQuantity(-estimate.value, 'µs')} less CPU per request than ${reference.subject} in the clear (difference ${formatInterval(estimate, 'µs')} µs).`;
  return `Terminating TLS (${subject.subject}) added ${formatEstimate(estimate, 'µs')} of CPU per request to ${reference.subject}.`;
}

/** Two proxies are a comparison; from three on a layer has an order. */
const RANKED_FROM = 3;

export const ranks = ({ rankings }: Evidence): Finding[] =>
  rankings
    .filter(({ ranked }) => ranked.length >= RANKED_FROM)
    .map((ranking) => ({
      sentence: describeRanking(ranking),
      strength: strengthOfRanking(ranking),
      restsOn: RESTS_ON,
      scenario: ranking.scenario,
      part: 'ranking',
    }));

export function others(evidence: Evidence): Finding[] {
  const all = ofCpu(evidence, 'over the reference');
  return all.map((comparison): Finding => {
    const { estimate, strength, subject, reference } = comparison;
    const sentence =
      strength === 'cannot tell' && estimate.n > 1
        ? `${subject.subject} cost ${moreThan(comparison, reference.subject)} in CPU per request.`
        : `${subject.subject} cost ${formatEstimate(estimate, 'ratio')} the CPU per request of ${reference.subject}.`;
    const isRanked = all.length > MOST_OF_A_KIND;
    const told = strengthOfBound(comparison);
    return {
      sentence,
      strength: told,
      restsOn: RESTS_ON,
      scenario: subject.scenario,
      ...(isRanked && { isDetail: true }),
    };
  });
}
