/**
 * What each filter costs: proxies prove their rules, and each filter that it is at work; then generations in which a proxy without filters
 * and with each of them are alive at once and take turns. The same turns as every run; only what is set beside each other differs.
 */
import { formatDuration } from '#bench/analysis/words/quantity.ts';
import { proveRules } from '#bench/conformance/preflight.ts';
import { preflightFiltered, preflightSubject } from '#bench/lab/preflight.ts';
import type { PricedFilter } from '#bench/lab/priced-filters.ts';
import { UsageError } from '#bench/model/errors.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import { type Subject, subjectName } from '#bench/model/scenario.ts';
import { fitSubjects } from '#bench/plan/applies.ts';
import { memoryOf, mostAtOnce } from '#bench/plan/cohorts.ts';
import { estimateRun } from '#bench/plan/estimate.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { planPrices } from '#bench/plan/prices.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { runGeneration } from './generation.ts';
import { readHost, requireHost, runSession, type Session, type SessionResult } from './session.ts';
import { definitionOf, hostedOf, type Observer, type Settings, type Surroundings } from './spec.ts';

export interface PricesRun {
  /** Its scenarios are those of the filters. */
  readonly settings: Settings;
  readonly filters: readonly PricedFilter[];
}

/** Checks wait for sockets more than for the CPU, and nothing is measured yet. */
const AT_ONCE = 2;

/** Those that a proxy offers all that they need of. */
export const filtersOf = (
  { capabilities }: Pick<ProxyDefinition, 'capabilities'>,
  filters: readonly PricedFilter[],
): PricedFilter[] =>
  filters.filter(({ needs }) => needs.every((name) => (capabilities as ReadonlySet<string>).has(`filter ${name}`)));

export async function runPrices(
  { settings, filters }: PricesRun,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<SessionResult> {
  const host = await readHost();
  const { environment } = host;
  const connections = Math.max(...settings.scenarios.map(({ loop }) => loop.connections));
  const fit = { memory: memoryOf(environment), openFiles: environment.openFiles };
  // The one without filters has as many lanes as all others together.
  const atOnce = mostAtOnce(fit, 2 * connections);
  const planned = planOf(settings, filters, atOnce);
  const pairs = new Set(planned.flat(2).map(({ subject }) => subjectName(subject)));
  if (pairs.size === 0) throw new UsageError('none of the chosen proxies offers any of the chosen filters');
  const groups = planned.flat();
  const expected = estimateRun({
    cohorts: groups,
    windows: [],
    hosted: hostedOf(settings),
    subjects: pairs.size,
    settings,
  });
  const observer = surroundings.observe(groups.length, expected);
  try {
    const { preset, proxies, generations, rounds, seed } = settings;
    observer.note(
      `prices (${preset}): ${proxies.map(({ name }) => name).join(', ')}\n${filters.map(({ name }) => name).join(', ')}\n` +
        `${generations} generations of ${rounds} rounds, about ${formatDuration(expected)} (seed ${seed})`,
    );
    observer.note(host.placementWords);
    for (const line of settings.skipped) observer.note(`left out: ${line}`);
    requireHost(settings, host, [groups.toSorted((a, b) => b.length - a.length)[0]!], observer);
    return await runSession(
      { settings, host, surroundings },
      async (session) => {
        const subjects = await admit({ settings, filters }, session, observer, signal);
        await measure(planned, { settings, filters, session, subjects, observer }, signal);
      },
      signal,
    );
  } finally {
    observer.close();
  }
}

const planOf = (settings: Settings, filters: readonly PricedFilter[], atOnce: number): PlannedTrial[][][] =>
  planPrices({
    proxies: settings.proxies.map((proxy) => ({
      name: proxy.name,
      scenarios: filtersOf(proxy, filters).map(({ scenario }) => scenario),
    })),
    generations: settings.generations,
    seed: settings.seed,
    atOnce,
  });

/** Every proxy by itself and with each of its filters. */
async function admit(
  { settings, filters }: PricesRun,
  session: Session,
  observer: Observer,
  signal: AbortSignal,
): Promise<SubjectRecord[]> {
  const { placement, certificate } = session;
  const checks = settings.proxies.flatMap((definition) => [
    {
      what: definition.name,
      check: () =>
        preflightSubject(
          { definition, placement, certificate, scenarios: settings.scenarios, prove: proveRules },
          signal,
        ),
    },
    ...filtersOf(definition, filters).map((filter) => ({
      what: `${definition.name} + ${filter.name}`,
      check: () => preflightFiltered({ definition, filter, placement, certificate }, signal),
    })),
  ]);
  const subjects: SubjectRecord[] = [];
  for (let from = 0; from < checks.length; from += AT_ONCE) {
    const some = checks.slice(from, from + AT_ONCE);
    observer.doing(`checking ${some.map(({ what }) => what).join(', ')}`);
    subjects.push(...(await Promise.all(some.map(({ check }) => check()))));
  }
  for (const record of subjects) {
    await session.append(record);
    for (const { rule, detail } of record.preflight.filter(({ passed }) => !passed))
      observer.note(`${subjectName(record.subject)} is not measured: preflight '${rule}' failed: ${detail}`);
  }
  return subjects;
}

interface Measuring extends PricesRun {
  readonly session: Session;
  readonly subjects: readonly SubjectRecord[];
  readonly observer: Observer;
}

async function measure(
  generations: readonly (readonly PlannedTrial[][])[],
  { settings, filters, session, subjects, observer }: Measuring,
  signal: AbortSignal,
): Promise<void> {
  const fit = new Set(fitSubjects(subjects).map(({ subject }) => subjectName(subject)));
  // One without the other has no price.
  const isFit = ({ scenario, subject }: PlannedTrial): boolean =>
    subject.kind === 'proxy' &&
    fit.has(subjectName({ kind: 'proxy', name: subject.name })) &&
    fit.has(subjectName({ kind: 'proxy', name: subject.name, filter: scenario.prices }));
  const settingsOf = (subject: Subject) =>
    subject.kind === 'proxy' && subject.filter !== undefined
      ? filters.find(({ name }) => name === subject.filter)?.settings
      : undefined;
  const { pool, placement, certificate } = session;
  for (const [generation, groups] of generations.entries())
    for (const [cohort, group] of groups.entries()) {
      signal.throwIfAborted();
      const trials = group.filter(isFit);
      if (trials.length === 0) continue;
      const what = `generation ${generation + 1} of ${generations.length}, ${subjectName(trials[0]!.subject)}`;
      observer.starting(what);
      const found = await runGeneration(
        { trials, rounds: settings.rounds, cohort },
        {
          placement,
          certificate,
          pool,
          seed: settings.seed,
          definitionOf: (name) => definitionOf(settings, name),
          runs: (subject) => {
            const of = settingsOf(subject);
            return of ? { filters: of } : {};
          },
          subjects,
          rates: new Map(),
          doing: (doing) => observer.doing(`${what}: ${doing}`),
        },
        signal,
      );
      for (const trial of found) {
        await session.append(trial);
        observer.finished(trial);
      }
    }
}
