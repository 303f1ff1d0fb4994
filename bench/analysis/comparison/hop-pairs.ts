/** Subjects set against each other: what an L7 hop costs over an L4 hop, what TLS adds, what others cost over the reference. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { asFamily, besidesOf, compare, type Comparison } from './comparison.ts';
import type { MetricName } from '../figures/metrics.ts';
import { isSingle, mainScenario, scenarioOf } from '../scenarios/roles.ts';
import type { FiguresBy } from '../figures/figures.ts';

/** CPU first; instructions where they could be counted. */
const COSTS: readonly MetricName[] = ['cpuPerRequest', 'instructionsPerRequest'];

export interface NamedComparison extends Comparison {
  readonly name: 'L7 over L4' | 'TLS added' | 'over the reference';
}

type Pair = { readonly name: NamedComparison['name']; readonly kind: 'difference' | 'ratio' } & Record<
  'subject' | 'reference',
  { readonly scenario: string; readonly subject: string }
>;

function pairsOf(
  subjects: readonly SubjectRecord[],
  scenarios: readonly Scenario[],
  isMeasured: (scenario: string, subject: string) => boolean,
): Pair[] {
  const plain = mainScenario(scenarios, false);
  const [clear, encrypted] = [scenarioOf('plain', scenarios), scenarioOf('encrypted', scenarios)];
  // A chain costs several hops: no one hop is set against it.
  const proxies = subjects.filter((record) => record.layer !== 'direct' && isSingle(record));
  return proxies.flatMap((record): Pair[] => {
    const { layer, tls, family } = record;
    const name = subjectName(record.subject);
    const kinOf = (wanted: SubjectRecord['layer'], scenario: Scenario): string | undefined =>
      proxies
        .filter((other) => other !== record && other.family === family && other.layer === wanted && !other.tls)
        .map(({ subject }) => subjectName(subject))
        .find((other) => isMeasured(scenario.name, other));
    const against = (
      of: Pick<Pair, 'name' | 'kind'>,
      scenario: Scenario,
      reference: string | undefined,
      without = scenario,
    ): Pair[] =>
      reference === undefined
        ? []
        : [
            {
              ...of,
              subject: { scenario: scenario.name, subject: name },
              reference: { scenario: without.name, subject: reference },
            },
          ];
    if (tls)
      return layer === 'l7' && clear && encrypted
        ? against({ name: 'TLS added', kind: 'difference' }, encrypted, kinOf('l7', clear), clear)
        : [];
    if (!plain) return [];
    const reference = subjects.find((one) => one.isReference && one.layer === layer && !one.tls);
    return [
      ...(layer === 'l7' ? against({ name: 'L7 over L4', kind: 'ratio' }, plain, kinOf('l4', plain)) : []),
      ...(reference && reference.family !== family
        ? against({ name: 'over the reference', kind: 'ratio' }, plain, subjectName(reference.subject))
        : []),
    ];
  });
}

/** Paired by round. One family a metric for Holm: all of these are read side by side. */
export function compareSubjects(
  subjects: readonly SubjectRecord[],
  scenarios: readonly Scenario[],
  figures: FiguresBy,
): NamedComparison[] {
  const isMeasured = (scenario: string, subject: string): boolean =>
    (figures(scenario, subject).get('cpuPerRequest')?.size ?? 0) > 0;
  const pairs = pairsOf(subjects, scenarios, isMeasured);
  return COSTS.flatMap((metric) => {
    const compared = pairs.flatMap(({ name, kind, subject, reference }) => {
      const comparison = compare(
        { metric, kind, subject, reference },
        figures(subject.scenario, subject.subject).get(metric) ?? new Map(),
        figures(reference.scenario, reference.subject).get(metric) ?? new Map(),
        kind === 'ratio' ? besidesOf(metric) : undefined,
      );
      return comparison ? [{ name, comparison }] : [];
    });
    return asFamily(compared.map(({ comparison }) => comparison)).map((comparison, i) => ({
      ...comparison,
      name: compared[i]!.name,
    }));
  });
}
