/** Which proxies a run measures: names and groups → definitions, of the registry and the user's own. */
import type { Availability, ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { applies, lacksFor } from '#bench/plan/applies.ts';
import type { BenchConfig } from '../config.ts';
import { UsageError } from '#bench/model/errors.ts';
import { choose } from '../nearest.ts';
import { defineOwn } from '../own-subjects.ts';

/** The group of the user's own proxies, which every run measures by default. Empty where there is none. */
export const OWN = ['own'] as const;

export const ownProxies = ({ subjects = [], directory = process.cwd() }: BenchConfig): ProxyDefinition[] =>
  subjects.map((subject) => defineOwn(subject, directory));

/** Names that stand for several proxies: those measured by default (the references and the naive yardstick), and all that run here. */
const GROUPS = {
  references: [...[...proxies.values()].filter(({ isReference }) => isReference).map(({ name }) => name), 'node-http'],
  installed: [...proxies.keys()],
  all: [...proxies.keys()],
} as const;

export interface Chosen {
  readonly definitions: readonly ProxyDefinition[];
  /** Of these, the user's own and those that are named by themselves. */
  readonly named: readonly string[];
  readonly skipped: readonly string[];
}

/** A group leaves out what is missing here, and says so, and what carries none of the scenarios; one named by itself must do. */
export async function chooseProxies(
  asked: readonly string[],
  own: readonly ProxyDefinition[],
  scenarios: readonly Scenario[],
): Promise<Chosen> {
  const groups: Readonly<Record<string, readonly string[]>> = { ...GROUPS, own: own.map(({ name }) => name) };
  const known = new Map([...proxies, ...own.map((definition) => [definition.name, definition] as const)]);
  const named = choose('proxy', asked, [...Object.keys(groups), 'direct', ...known.keys()]);
  const names = new Set(named.flatMap((name) => groups[name] ?? [name]).filter((name) => name !== 'direct'));
  const isNamed = ({ name }: ProxyDefinition): boolean => named.includes(name);
  const definitions: ProxyDefinition[] = [];
  const skipped: string[] = [];
  for (const definition of [...names].map((name) => known.get(name)!)) {
    const isOwn = own.includes(definition);
    if (!scenarios.some((scenario) => applies(scenario, definition))) {
      const lacks = lacksFor(scenarios, definition);
      const why = `${definition.name} can carry none of ${scenarios.map(({ name }) => name).join(', ')}; name other scenarios with --scenarios`;
      if (isNamed(definition)) throw new UsageError(why);
      if (isOwn) skipped.push(why);
      else if (lacks.length > 0)
        skipped.push(`${definition.name} has no ${lacks.map(({ feature }) => feature).join(', and no ')}`);
      continue;
    }
    const availability = await definition.availability();
    if (availability.state === 'ready') definitions.push(definition);
    else if (isNamed(definition) || isOwn) throw new UsageError(whyMissing(definition.name, availability));
    else skipped.push(whyMissing(definition.name, availability));
  }
  const wanted = definitions.filter((definition) => isNamed(definition) || own.includes(definition));
  return { definitions, named: wanted.map(({ name }) => name), skipped };
}

export const whyMissing = (name: string, { reason, install }: Availability & { state: 'missing' }): string =>
  `${name} cannot run here: ${reason}; what to do: ${install}`;
