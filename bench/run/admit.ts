/** Before anything is measured: every subject proves itself, and what it ran with is written down. */
import { proveRules } from '#bench/conformance/preflight.ts';
import { preflightSubject, type PreflightSpec } from '#bench/lab/preflight.ts';
import { preflightTarget } from '#bench/lab/target.ts';
import { firstLook } from '#bench/load/http1/first-look.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { lacksFor, lackWords } from '#bench/plan/applies.ts';
import type { Session } from './session.ts';
import { definitionOf, type Observer, type Settings, type Targets } from './spec.ts';

/** Records of the targets, by name. Rejects where one does not do what was said of it, before anything is written or started. */
export async function reachTargets(
  targets: Targets | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SubjectRecord>> {
  const found = new Map<string, SubjectRecord>();
  if (!targets) return found;
  // One after the other: two of them may be one and the same.
  for (const definition of targets.definitions) {
    const record = await preflightTarget({ definition, maxRate: targets.maxRate, look: firstLook }, signal);
    const failed = record.preflight.find(({ passed }) => !passed);
    if (failed) throw new Error(`target ${failed.detail}`);
    found.set(definition.name, record);
  }
  return found;
}

/** Checks wait for sockets more than for the CPU, and nothing is measured yet. */
const AT_ONCE = 2;

/** All subjects of the settings, in their order; those that fail a check are said to be left out. */
export async function admitSubjects(
  settings: Settings,
  session: Session,
  { targets, observer }: { targets: ReadonlyMap<string, SubjectRecord>; observer: Observer },
  signal: AbortSignal,
): Promise<SubjectRecord[]> {
  const check = async ({ name, hops }: Settings['subjects'][number]): Promise<SubjectRecord> => {
    const definition = definitionOf(settings, name);
    const spec: PreflightSpec = {
      scenarios: settings.scenarios,
      placement: session.placement,
      certificate: session.certificate,
      prove: proveRules,
      ...(definition && { definition }),
      ...(hops !== undefined && { hops }),
    };
    const known = targets.get(name);
    if (known) return known;
    const lacks = definition ? lacksFor(settings.scenarios, definition) : [];
    return { ...(await preflightSubject(spec, signal)), ...(lacks.length > 0 && { lacks }) };
  };
  const subjects: SubjectRecord[] = [];
  for (let from = 0; from < settings.subjects.length; from += AT_ONCE) {
    const some = settings.subjects.slice(from, from + AT_ONCE);
    observer.doing(`checking ${some.map(({ name }) => name).join(', ')}`);
    subjects.push(...(await Promise.all(some.map(check))));
  }
  for (const record of subjects) {
    await session.append(record);
    for (const lack of record.lacks ?? []) observer.note(`${subjectName(record.subject)} ${lackWords(lack)}`);
    for (const { rule, detail } of record.preflight.filter(({ passed }) => !passed))
      observer.note(`${subjectName(record.subject)} is not measured: preflight '${rule}' failed: ${detail}`);
  }
  return subjects;
}
