/**
 * What two runs are compared by. A shared host is another one within the hour, by a third and more, and direct cannot tell by how much it changed
 * for a proxy. A proxy that took its turns in the same seconds as the others, and that is the same in both runs, met the same host: what
 * the others cost as a ratio to it is free of the host's drift. Pure.
 */
import { withoutKeys, withoutPorts } from '#bench/model/native-config.ts';
import type { RunRecords, SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { isSingle, referencesOf } from '../scenarios/roles.ts';

/** The proxy that a scenario's figures are divided by. */
export interface RunYardstick {
  readonly subject: string;
  /** Known to be the same in both runs: version, configuration and, of what comes with hopcost, the sources. */
  readonly unchanged: boolean;
}

/**
 * How well a subject is known to be what it was in the other run. 'identical': the same files with the same configuration. 'same version': what it
 * tells of itself is equal. 'unknown': it changed, or tells no version, as a user's own command does not.
 */
export type Sameness = 'identical' | 'same version' | 'unknown';

export function samenessOf(subject: string, first: RunRecords, second: RunRecords): Sameness {
  const [a, b] = [recordOf(subject, first), recordOf(subject, second)];
  if (!a || !b || a.version !== b.version || !/\d/.test(a.version) || !isConfiguredAlike(a, b)) return 'unknown';
  if (a.proven !== undefined && a.proven.binary === b.proven?.binary) return 'identical';
  // What runs on the harness's own Node comes with hopcost, whose revision is its version.
  if (!a.isHosted) return 'same version';
  return isOneRevision(first.run.revision, second.run.revision) ? 'identical' : 'unknown';
}

export const isUnchanged = (...of: Parameters<typeof samenessOf>): boolean => samenessOf(...of) !== 'unknown';

const recordOf = (name: string, { subjects }: RunRecords): SubjectRecord | undefined =>
  subjects.find(({ subject }) => subjectName(subject) === name);

/** By the hashes that leave ports out, or by the text without the keys of the run. */
const isConfiguredAlike = (a: SubjectRecord, b: SubjectRecord): boolean =>
  a.proven?.configs.some((config) => b.proven?.configs.includes(config)) === true ||
  textOf(a.nativeConfig) === textOf(b.nativeConfig);

const textOf = (config: string): string => withoutKeys(withoutPorts(config));

const isOneRevision = (a: string | null, b: string | null): boolean => a !== null && a === b && !a.endsWith('-dirty');

/**
 * Of the proxies that both runs have in a scenario: the one that was asked for; else one that did not change, references before others, L4
 * first; else one of the references, changed though it may be. Undefined where there is none, or nothing to be divided by it.
 */
export function chooseYardstick(
  proxies: readonly string[],
  first: RunRecords,
  second: RunRecords,
  asked?: string,
): RunYardstick | undefined {
  if (proxies.length < 2) return undefined;
  const references = referencesOf(first.subjects).map(({ subject }) => subjectName(subject));
  const fit = proxies.filter((name) => isFit(name, first) && isFit(name, second));
  const ordered = [
    ...references.filter((name) => fit.includes(name)),
    ...fit.filter((name) => !references.includes(name)),
  ].map((subject): RunYardstick => ({ subject, unchanged: isUnchanged(subject, first, second) }));
  if (asked !== undefined) return ordered.find(({ subject }) => subject === asked);
  return ordered.find(({ unchanged }) => unchanged) ?? ordered.find(({ subject }) => references.includes(subject));
}

/** One hop on this host: a target elsewhere met another host, and a chain is several. */
function isFit(name: string, records: RunRecords): boolean {
  const record = recordOf(name, records);
  return record === undefined || (record.external === undefined && isSingle(record));
}
