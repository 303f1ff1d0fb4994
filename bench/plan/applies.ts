/** Which subject can carry which scenario. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { isCapped } from './capped.ts';
import { hopName, hopsOf, type Scenario, subjectName, usesTls, versionsAsked } from '#bench/model/scenario.ts';

/** What the plan needs to know of a subject. */
export interface SubjectFacts {
  readonly name: string;
  readonly layer: 'direct' | 'l4' | 'l7';
  readonly capabilities: ReadonlySet<string>;
  /** The proxy so many times in a row; once where absent. */
  readonly hops?: number;
  /** It runs elsewhere: only what is capped may be sent to it. */
  readonly external?: unknown;
  /** What others are set against: where not all subjects fit at once, it is in every group. */
  readonly isReference?: boolean;
  /** Scenarios in which it runs a second time, as its own A/A twin. */
  readonly again?: readonly string[];
}

/** The subjects that may be measured: those that passed their preflight; of a chain its hop must have passed, too. */
export function fitSubjects(subjects: readonly SubjectRecord[]): SubjectRecord[] {
  const passed = subjects.filter(({ preflight }) => preflight.every((check) => check.passed));
  const names = new Set(passed.map(({ subject }) => subjectName(subject)));
  return passed.filter(({ subject }) => names.has(hopName(subject)));
}

/** The versions of HTTP that a subject is not said to lack. */
const versionsBut = (lacks: NonNullable<SubjectRecord['lacks']>): string[] =>
  ['HTTP/2 downstream', 'HTTP/2 upstream'].filter((version) => !lacks.some(({ feature }) => feature === version));

/** What the plan was told of a subject that stands in the records. */
export const factsOf = (
  { subject, layer, tls, external, lacks = [] }: SubjectRecord,
  // A user's own proxy, or a target: what it can do beyond its layer stands in its record.
  capabilities: ReadonlySet<string> = new Set([...(tls ? ['tls-termination'] : []), ...versionsBut(lacks)]),
): SubjectFacts => ({
  name: hopName(subject),
  layer,
  capabilities,
  ...(external && { external }),
  ...(hopsOf(subject) > 1 && { hops: hopsOf(subject) }),
});

/** 'ends': TLS is terminated here. 'passes': TLS, like any bytes, goes through. 'plain': HTTP only. */
const tlsOf = (subject: SubjectFacts): 'ends' | 'passes' | 'plain' => {
  if (subject.capabilities.has('tls-termination')) return 'ends';
  return subject.layer === 'l7' ? 'plain' : 'passes';
};

/** Versions of HTTP that a scenario takes and the subject does not speak, by the names of its features; none where it can carry it. */
export const versionsMissing = (scenario: Scenario, { layer, capabilities }: SubjectFacts): string[] =>
  layer === 'l7' ? versionsAsked(scenario).filter((feature) => !capabilities.has(feature)) : [];

export const applies = (scenario: Scenario, subject: SubjectFacts): boolean =>
  carriesIn(scenario, subject) && versionsMissing(scenario, subject).length === 0;

/** What keeps the subject out of scenarios that it would else carry, by the names of features. */
export function lacksFor(
  scenarios: readonly Scenario[],
  subject: SubjectFacts,
): { readonly feature: string; readonly scenarios: string[] }[] {
  const missing = scenarios
    .filter((scenario) => carriesIn(scenario, subject))
    .flatMap((scenario) => versionsMissing(scenario, subject).map((feature) => ({ feature, scenario: scenario.name })));
  return [...Map.groupBy(missing, ({ feature }) => feature)].map(([feature, of]) => ({
    feature,
    scenarios: of.map(({ scenario }) => scenario),
  }));
}

/** 'has no HTTP/2 upstream, which h2-8x8 and h2-32x1 take' */
export const lackWords = ({ feature, scenarios }: ReturnType<typeof lacksFor>[number]): string =>
  `has no ${feature}, which ${scenarios.join(', ')} ${scenarios.length === 1 ? 'takes' : 'take'}`;

/** Whatever version of HTTP it takes. */
function carriesIn(scenario: Scenario, subject: SubjectFacts): boolean {
  // Forward proxies and datagram relays carry traffic that no scenario sends yet; SNI routers need a ClientHello.
  if (subject.capabilities.has('udp') || subject.capabilities.has('connect')) return false;
  if (subject.external !== undefined) {
    if (!isCapped(scenario)) return false;
    if (subject.layer === 'l4') return scenario.traffic.kind === 'tcp-echo';
  }
  const tls = tlsOf(subject);
  if (usesTls(scenario.traffic)) return tls !== 'plain';
  if (subject.capabilities.has('sni-routing') || tls === 'ends') return false;
  const isHttp =
    scenario.traffic.kind === 'http' || (scenario.traffic.kind === 'idle' && scenario.traffic.protocol === 'http');
  return isHttp || subject.layer !== 'l7';
}
