/** Subjects set against each other: what an L7 hop costs over an L4 hop, what TLS adds, what others cost over the reference. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { hopsOf, type Scenario, subjectName } from '#bench/model/scenario.ts';
import { asFamily, besidesOf, compare, type Comparison } from './comparison.ts';
import type { MetricName } from './metrics.ts';
import type { FiguresBy } from './figures.ts';

/** The proxies that all others are set against, by layer. */
export const REFERENCES = { l4: 'l4-tcp', l7: 'l7-http' } as const;

/**
 * 'l4-tcp', 'l7-http' and 'l7-tls' are one family, as are 'nginx-stream', 'nginx-http' and 'nginx-tls': one maker at several layers.
 * Only words for a layer are cut off: 'http-proxy' and 'http-proxy-3' are two makers, each with its own '-tls'.
 */
export function familyOf(name: string): string {
  return /^l[47]-/.test(name) ? 'reference' : name.replace(/-(?:tcp|stream|http|tls)$/, '');
}

/** CPU first; instructions where they could be counted. */
const COSTS: readonly MetricName[] = ['cpuPerRequest', 'instructionsPerRequest'];

/** Plain and TLS twin of the keep-alive scenario: the same request, once in the clear, once encrypted. */
export function keepAlive(scenarios: readonly Scenario[], tls: boolean): string | undefined {
  return scenarios.find(
    ({ traffic, axis }) =>
      traffic.kind === 'http' &&
      traffic.connection === 'keep-alive' &&
      (tls ? axis === 'tls-record' && traffic.tls !== 'none' : axis === 'keep-alive' && traffic.tls === 'none'),
  )?.name;
}

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
  const plain = keepAlive(scenarios, false);
  const encrypted = keepAlive(scenarios, true);
  const proxies = subjects
    // A chain costs several hops: no one hop is set against it.
    .filter(({ layer, subject }) => layer !== 'direct' && hopsOf(subject) === 1)
    .map(({ subject, layer, tls }) => ({
      name: subjectName(subject),
      layer,
      tls,
      family: familyOf(subjectName(subject)),
    }));
  return proxies.flatMap(({ name, layer, tls, family }): Pair[] => {
    const kin = proxies.filter(
      (other) =>
        other.family === family &&
        other.name !== name &&
        !other.tls &&
        plain !== undefined &&
        isMeasured(plain, other.name),
    );
    const pairs: Pair[] = [];
    const l4 = kin.find((other) => other.layer === 'l4');
    const l7 = kin.find((other) => other.layer === 'l7');
    if (plain !== undefined && layer === 'l7' && !tls && l4)
      pairs.push({
        name: 'L7 over L4',
        kind: 'ratio',
        subject: { scenario: plain, subject: name },
        reference: { scenario: plain, subject: l4.name },
      });
    if (plain !== undefined && encrypted !== undefined && layer === 'l7' && tls && l7)
      pairs.push({
        name: 'TLS added',
        kind: 'difference',
        subject: { scenario: encrypted, subject: name },
        reference: { scenario: plain, subject: l7.name },
      });
    const reference = layer === 'direct' ? undefined : REFERENCES[layer];
    if (plain !== undefined && !tls && family !== 'reference' && reference !== undefined)
      pairs.push({
        name: 'over the reference',
        kind: 'ratio',
        subject: { scenario: plain, subject: name },
        reference: { scenario: plain, subject: reference },
      });
    return pairs;
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
