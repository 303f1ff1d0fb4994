/**
 * What was found, in sentences: each with its interval, or saying why it cannot be told. Short, in the order in which a reader asks:
 * what does a hop cost, what does it add to latency, what carries how much, what was left out.
 */
import type { CalibrationRecord, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { hopsOf, subjectName } from '#bench/model/scenario.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import type { Finding, NamedComparison, ScenarioAnalysis, SubjectAnalysis } from './analysis.ts';
import { keepAlive, pacedScenario, REFERENCES } from './between.ts';
import { describeCalibration } from './calibration.ts';
import type { ChainCost } from './chains.ts';
import { chainFindings } from './chain-findings.ts';
import type { Ledger } from './ledger/ledger.ts';
import { ledgerFindings } from './ledger/findings.ts';
import { CLAIM_ROUNDS, type Comparison, CONFIDENCE, type Strength, strengthOfFigure } from './comparison.ts';
import type { MetricName } from './metrics.ts';
import type { Noise } from './noise.ts';
import { targetFindings } from './target-findings.ts';
import { formatEstimate, formatInterval, formatQuantity, percent } from './quantity.ts';

export interface Evidence {
  readonly subjects: readonly SubjectRecord[];
  readonly scenarios: readonly ScenarioAnalysis[];
  readonly comparisons: readonly NamedComparison[];
  readonly chains?: readonly ChainCost[];
  readonly ledger?: Ledger;
  readonly trials: readonly TrialRecord[];
  readonly noise?: Noise | undefined;
  readonly calibration?: CalibrationRecord | undefined;
}

export function findingsOf(evidence: Evidence): Finding[] {
  return [
    ...hopCosts(evidence),
    ...tlsCosts(evidence),
    ...chainFindings(evidence.chains ?? [], evidence.scenarios),
    ...others(evidence),
    ...addedLatency(evidence),
    ...ledgerFindings(evidence.ledger?.accounts ?? []),
    ...capacities(evidence),
    ...idleMemory(evidence),
    ...targetFindings(evidence.subjects, evidence.scenarios),
    ...instruments(evidence),
    ...sameAgainstSame(evidence),
    ...notMeasured(evidence),
    ...rulesNotKept(evidence),
    ...leftOut(evidence),
  ];
}

/** What all figures of the run rest on. */
export function basisOf(rounds: number): string {
  if (rounds < 2) return 'One round: figures without intervals. They show that everything runs, not what it costs.';
  const { coverage } = hodgesLehmann(
    Array.from({ length: rounds }, (_, i) => i),
    CONFIDENCE,
  );
  const cover = `${(coverage * 100).toFixed(coverage > 0.9 ? 1 : 0)} %`;
  if (coverage < CONFIDENCE)
    return `${rounds} rounds: intervals reach from the least to the greatest round and cover the true figure in ${cover} of runs. A first look; ${CLAIM_ROUNDS} rounds make a claim.`;
  const look = rounds < CLAIM_ROUNDS ? ` A first look; ${CLAIM_ROUNDS} rounds make a claim.` : '';
  return `${rounds} rounds: intervals are exact signed-rank intervals over rounds and cover the true figure in ${cover} of runs.${look}`;
}

const LAYER = { l4: 'L4', l7: 'L7' } as const;

const weaker = (a: Strength, b: Strength): Strength => {
  const order: readonly Strength[] = ['cannot tell', 'look', 'claim'];
  return order[Math.min(order.indexOf(a), order.indexOf(b))]!;
};

/** Plain hops of the reference family first; where it was not measured, every plain proxy. */
function mainHops({
  subjects,
  scenarios,
}: Evidence): { scenario: ScenarioAnalysis; hops: SubjectRecord[] } | undefined {
  const name = keepAlive(
    scenarios.map(({ scenario }) => scenario),
    false,
  );
  const scenario = scenarios.find((one) => one.scenario.name === name);
  if (!scenario) return undefined;
  const plain = subjects.filter(
    ({ subject, layer, tls, external }) => layer !== 'direct' && !tls && hopsOf(subject) === 1 && !external,
  );
  const references = plain.filter(({ subject }) => Object.values<string>(REFERENCES).includes(subjectName(subject)));
  const hops = (references.length > 0 ? references : plain).toSorted((a, b) => b.layer.localeCompare(a.layer)); // L7 first
  return { scenario, hops };
}

function hopCosts(evidence: Evidence): Finding[] {
  const main = mainHops(evidence);
  if (!main) return [];
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
        scenario: scenario.scenario.name,
      };
    const over = evidence.comparisons.find(
      (one) => one.name === 'L7 over L4' && one.metric === 'cpuPerRequest' && one.subject.subject === name,
    );
    return {
      sentence: `${hop} cost ${formatEstimate(cpu, 'µs')} of CPU per request${over ? `, ${ratioWords(over, 'an L4 hop')}` : ''}.`,
      strength: over ? weaker(strengthOfFigure(cpu), over.strength) : strengthOfFigure(cpu),
      scenario: scenario.scenario.name,
      figure: { label: hop, estimate: cpu, unit: 'µs' },
    };
  });
}

/** '2.10× (1.95–2.28) an L4 hop (l4-tcp)', or why the ratio cannot be told. */
function ratioWords({ estimate, strength, reference }: Comparison, what: string): string {
  const size = `${formatEstimate(estimate, 'ratio')} ${what} (${reference.subject})`;
  if (strength !== 'cannot tell') return size;
  return estimate.n < 2
    ? size
    : `but whether that differs from ${what} (${reference.subject}) cannot be told: ${whyNot(estimate, 'ratio')}`;
}

/** Why a comparison says nothing: its interval holds "no difference", or the same subject differs as much from itself (A/A). */
function whyNot(estimate: Comparison['estimate'], unit: 'ratio' | 'µs'): string {
  const [none, interval] =
    unit === 'ratio'
      ? [1, `the ratio’s interval ${formatInterval(estimate, unit)}`]
      : [0, `the interval ${formatInterval(estimate, unit)} µs`];
  return estimate.low <= none && none <= estimate.high
    ? `${interval} holds ${none}`
    : `${interval} lies within the noise of the same subject against itself`;
}

function whyNone(subject: SubjectAnalysis | undefined): string {
  if (!subject) return 'it was not measured in this run';
  return subject.trials.completed > 0 ? 'its CPU time could not be read' : noneCompleted(subject);
}

const noneCompleted = ({ trials: { invalid, failed, reasons } }: SubjectAnalysis): string =>
  `no trial of it completed (${invalid} invalid, ${failed} failed: ${reasons.join(', ')})`;

const tlsCosts = ({ comparisons }: Evidence): Finding[] =>
  comparisons
    .filter(({ name, metric }) => name === 'TLS added' && metric === 'cpuPerRequest')
    .map((comparison): Finding => {
      const { estimate, strength, subject, reference } = comparison;
      const sentence =
        strength === 'cannot tell' && estimate.n > 1
          ? `Whether terminating TLS (${subject.subject} against ${reference.subject}) adds CPU time cannot be told: ${whyNot(estimate, 'µs')}.`
          : `Terminating TLS (${subject.subject}) added ${formatEstimate(estimate, 'µs')} of CPU per request to ${reference.subject}.`;
      const label = `TLS added (${subject.subject})`;
      return { sentence, strength, scenario: subject.scenario, figure: { label, estimate, unit: 'µs' } };
    });

const others = ({ comparisons }: Evidence): Finding[] =>
  comparisons
    .filter(({ name, metric }) => name === 'over the reference' && metric === 'cpuPerRequest')
    .map(({ estimate, strength, subject, reference }): Finding => {
      const sentence =
        strength === 'cannot tell' && estimate.n > 1
          ? `Whether ${subject.subject} or ${reference.subject} costs more CPU per request cannot be told: ${whyNot(estimate, 'ratio')}.`
          : `${subject.subject} cost ${formatEstimate(estimate, 'ratio')} the CPU per request of ${reference.subject}.`;
      return { sentence, strength, scenario: subject.scenario };
    });

/** At the lowest offered rate that was driven, where queues blur least. */
function addedLatency(evidence: Evidence): Finding[] {
  const main = mainHops(evidence);
  const scenario = pacedScenario(evidence.scenarios);
  if (!scenario || !main) return [];
  return main.hops.flatMap((record): Finding[] => {
    const subject = scenario.subjects.find((one) => one.subject === subjectName(record.subject));
    const of = (metric: MetricName): Comparison | undefined =>
      subject?.versusDirect.find((comparison) => comparison.metric === metric);
    if (!subject) return [];
    const at = `At ${formatQuantity(scenario.offered!, '/s')}`;
    // Where the generator's own lag would drown it, response time is withheld; service time does not contain the lag.
    const time = of('responseP50') ? 'response' : 'service';
    const [p50, p99] = [of(`${time}P50`), of(`${time}P99`)];
    if (!p50) return [cannotAdd(at, subject, scenario)];
    const tail = p99 ? addedWords(p99, 'p99') : 'p99 has too few samples';
    const withheld = time === 'service' ? '; response time is withheld, the generator’s own lag would be in it' : '';
    return [
      {
        sentence: `${at}, ${time} time through ${subject.subject} against direct: ${addedWords(p50, 'p50')}; ${tail}${withheld}.`,
        strength: p99 ? weaker(p50.strength, p99.strength) : p50.strength,
        scenario: scenario.scenario.name,
      },
    ];
  });
}

function cannotAdd(at: string, subject: SubjectAnalysis, scenario: ScenarioAnalysis): Finding {
  const direct = scenario.subjects.find(({ layer }) => layer === 'direct');
  const empty = [subject, direct].find((one) => one?.trials.completed === 0);
  const reason = !direct
    ? 'direct was not measured'
    : empty
      ? `${empty.subject}: ${noneCompleted(empty)}`
      : 'no round has both, each with enough samples';
  return {
    sentence: `${at}, what ${subject.subject} adds to the response time of direct cannot be told: ${reason}.`,
    strength: 'cannot tell',
    scenario: scenario.scenario.name,
  };
}

const addedWords = ({ estimate, strength, resolvable }: Comparison, name: string): string => {
  const least =
    resolvable === undefined || !Number.isFinite(resolvable)
      ? ''
      : `, the smallest that could have been seen is ${formatQuantity(resolvable, 'µs')}`;
  if (strength === 'cannot tell' && estimate.n > 1)
    return `${name} no difference that this run can resolve (${formatInterval(estimate, 'µs')} µs${least})`;
  return `${name} ${estimate.value >= 0 ? '+' : ''}${formatEstimate(estimate, 'µs')}`;
};

/** Throughput is the subject's only where it was saturated itself. */
function capacities(evidence: Evidence): Finding[] {
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
            : `One core of ${subject.subject} would carry ${figure}, derived from its CPU per request: ${LIMITS[subject.bound ?? 'none']}, so its throughput is no capacity.`,
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
  host: 'the host was the limit (cores that load and origin share, or that other processes took)',
  none: 'nothing was saturated',
  mixed: 'different things were the limit in different rounds',
};

const idleMemory = ({ scenarios }: Evidence): Finding[] =>
  scenarios.flatMap(({ scenario, subjects }): Finding[] => {
    const held = subjects.flatMap(({ subject, metrics: { memoryPerConnection: memory } }) =>
      memory ? [{ subject, memory }] : [],
    );
    if (held.length === 0) return [];
    const list = held.map(({ subject, memory }) => `${formatEstimate(memory, 'B/connection')} in ${subject}`);
    return [
      {
        sentence: `An idle connection held ${list.join(', ')} (${scenario.name}).`,
        strength: held.map(({ memory }) => strengthOfFigure(memory)).reduce(weaker),
        scenario: scenario.name,
      },
    ];
  });

const instruments = ({ calibration, scenarios }: Evidence): Finding[] =>
  calibration && scenarios[0]
    ? [{ sentence: describeCalibration(calibration), strength: 'note', scenario: scenarios[0].scenario.name }]
    : [];

/** Needs rounds enough for the default rule to call anything different at all. */
function sameAgainstSame({ noise }: Evidence): Finding[] {
  const able = noise?.comparisons.filter(({ kind, estimate }) => kind === 'ratio' && estimate.n >= CLAIM_ROUNDS) ?? [];
  if (!noise || able.length === 0) return [];
  const cpu = able.find(({ metric }) => metric === 'cpuPerRequest');
  const floor = cpu
    ? ` CPU per request of ${cpu.reference.subject} against itself: ${formatEstimate(cpu.estimate, 'ratio')}; a difference of ${percent(Math.exp(cpu.smallest) - 1)} could have been seen.`
    : '';
  return [
    {
      sentence: `A/A: ${noise.falseAlarms} of ${able.length} comparisons of a subject with itself were called different.${floor}`,
      strength: 'note',
      scenario: able[0]!.subject.scenario,
    },
  ];
}

/** The first lines say it; what a proxy wrote and ran with stands with its configuration. */
const firstLine = (text: string): string => text.split('\n', 1)[0]!;

const notMeasured = ({ subjects, scenarios }: Evidence): Finding[] =>
  subjects.flatMap(({ subject, preflight }): Finding[] => {
    const failed = preflight.filter(({ passed }) => !passed);
    if (failed.length === 0 || !scenarios[0]) return [];
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
    const sentence = `${subjectName(subject)} was not measured: ${failed[0]!.rule}: ${firstLine(failed[0]!.detail)}${more}.`;
    return [{ sentence, strength: 'note', scenario: scenarios[0].scenario.name }];
  });

const RULES_NAMED = 3;

/** Of a user's own proxy, which is measured all the same. */
const rulesNotKept = ({ subjects, scenarios }: Evidence): Finding[] =>
  subjects.flatMap(({ subject, preflight }): Finding[] => {
    const broken = preflight.filter(({ deviates }) => deviates);
    if (broken.length === 0 || !scenarios[0]) return [];
    const named = broken.slice(0, RULES_NAMED).map(({ rule }) => rule);
    const more = broken.length > RULES_NAMED ? ` and ${broken.length - RULES_NAMED} more` : '';
    const sentence = `${subjectName(subject)} carries the load correctly but does not keep ${broken.length} of ${preflight.length} checks: ${named.join('; ')}${more}; each stands with its configuration.`;
    return [{ sentence, strength: 'note', scenario: scenarios[0].scenario.name }];
  });

function leftOut({ trials }: Evidence): Finding[] {
  const count = (state: TrialRecord['state']): number => trials.filter((trial) => trial.state === state).length;
  const [invalid, failed] = [count('invalid'), count('failed')];
  if (invalid + failed === 0) return [];
  return [
    {
      sentence: `${invalid} of ${trials.length} trials ${invalid === 1 ? 'is' : 'are'} invalid and ${failed} failed; they are listed with their reasons and count in no figure.`,
      strength: 'note',
      scenario: trials.find(({ state }) => state !== 'completed')!.scenario,
    },
  ];
}
