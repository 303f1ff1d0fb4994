/** Which scenarios and which subjects of a run play which part. They say so themselves: nothing is read from a name. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { hopsOf, type Role, type Scenario, subjectName, type Traffic, usesTls } from '#bench/model/scenario.ts';

/** What hopcost drives in each role, for whoever has to add it to a run. */
export const USUAL: Readonly<Record<Role, string>> = {
  plain: 'http-small',
  encrypted: 'tls-keepalive',
  head: 'http-large-head',
  download: 'http-download-1m',
  upload: 'http-upload-64k',
  connection: 'http-new-connection',
  resumed: 'tls-resumed',
  handshake: 'tls-full-handshake',
  'added-latency': 'http-paced-50',
};

/** The proxy to add where nothing else can be compared by. */
export const USUAL_REFERENCE = 'l4-tcp';

export const scenarioOf = (role: Role, scenarios: readonly Scenario[]): Scenario | undefined =>
  scenarios.find((scenario) => scenario.role === role);

type Http = Extract<Traffic, { kind: 'http' }>;

export const httpOf = ({ traffic }: Scenario): Http | undefined => (traffic.kind === 'http' ? traffic : undefined);

/**
 * The scenario whose figures are told first, of subjects in the clear or with TLS: the one that all others vary, and where a run has none, the
 * first that saturates with requests; of HTTP before others, which fewer subjects carry.
 */
export function mainScenario(scenarios: readonly Scenario[], tls: boolean): Scenario | undefined {
  const saturating = scenarios.filter(
    (scenario) =>
      scenario.loop.kind === 'closed' &&
      scenario.second === undefined &&
      scenario.traffic.kind !== 'idle' &&
      usesTls(scenario.traffic) === tls,
  );
  return (
    scenarioOf(tls ? 'encrypted' : 'plain', scenarios) ??
    saturating.find(({ traffic }) => traffic.kind === 'http') ??
    saturating[0]
  );
}

export const mainScenarioName = (scenarios: readonly Scenario[], tls: boolean): string | undefined =>
  mainScenario(scenarios, tls)?.name;

/** One hop, and the first start of it. */
export const isSingle = ({ subject }: Pick<SubjectRecord, 'subject'>): boolean =>
  hopsOf(subject) === 1 && subject.again !== true;

/** L4 first, then L7, then L7 with TLS. */
export const referencesOf = (subjects: readonly SubjectRecord[]): SubjectRecord[] =>
  subjects
    .filter(({ isReference }) => isReference)
    .toSorted((a, b) => a.layer.localeCompare(b.layer) || Number(a.tls) - Number(b.tls));

/** The name of what others of a layer are set against; undefined where the run has none. */
export function referenceName(
  subjects: readonly SubjectRecord[],
  { layer, tls }: Pick<SubjectRecord, 'layer' | 'tls'>,
): string | undefined {
  const record = subjects.find((one) => one.isReference && one.layer === layer && one.tls === tls);
  return record && subjectName(record.subject);
}
