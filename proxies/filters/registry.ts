/**
 * The filters there are, in the order in which requests pass them; responses pass them the other way round. First come those that see
 * every answer, refusals included; then those that refuse, the cheap ones before the expensive ones; then those that change what passes.
 * Each is loaded where an intent names it: schemas and all, they take tens of megabytes that a plain hop has no use for.
 */
import type { ProxyIntent } from '../config/intent.ts';
import type { ConfiguredFilter, FilterDefinition, ImpliedFilter } from './contract.ts';
import { filter as fault } from './fault.ts';
import { filter as headers } from './headers.ts';

interface Named {
  readonly name: string;
  load(): Promise<ConfiguredFilter<unknown>>;
}

/** What a filter is configured with is its own affair: its schema has read it. */
const named = <Config>(name: string, load: () => Promise<{ readonly filter: ConfiguredFilter<Config> }>): Named => ({
  name,
  load: async () => (await load()).filter as ConfiguredFilter<unknown>,
});

const implied = <Config>(filter: ImpliedFilter<Config>) => filter as ImpliedFilter<unknown>;

const REGISTRY: readonly (Named | ImpliedFilter<unknown>)[] = [
  implied(fault),
  named('tracing', () => import('./tracing.ts')),
  named('header-log', () => import('./header-log.ts')),
  named('cors', () => import('./cors.ts')),
  named('ip-rules', () => import('./ip-rules.ts')),
  named('rate-limit', () => import('./rate-limit.ts')),
  named('basic-auth', () => import('./basic-auth.ts')),
  named('api-key', () => import('./api-key.ts')),
  named('client-cert-identity', () => import('./client-cert-identity.ts')),
  named('jwt', () => import('./jwt.ts')),
  named('ext-authz', () => import('./ext-authz.ts')),
  named('request-rules', () => import('./request-rules.ts')),
  named('user', () => import('./user.ts')),
  named('cache', () => import('./cache.ts')),
  named('compression', () => import('./compression.ts')),
  named('transform', () => import('./transform.ts')),
  implied(headers),
  named('mirror', () => import('./mirror.ts')),
];

/** Of those that are configured by name. */
export const FILTER_NAMES: readonly string[] = REGISTRY.flatMap((one) => ('load' in one ? [one.name] : []));

/** Those that other words of an intent imply are always there. */
export const IMPLIED: readonly FilterDefinition<unknown>[] = REGISTRY.filter((one) => 'configuredBy' in one);

const loaded = (wanted: (name: string) => boolean): Promise<FilterDefinition<unknown>[]> =>
  Promise.all(
    REGISTRY.filter((one) => 'configuredBy' in one || wanted(one.name)).map(async (one) =>
      'load' in one ? await one.load() : one,
    ),
  );

export const allFilters = (): Promise<FilterDefinition<unknown>[]> => loaded(() => true);

/** Those that an intent names, for all routes or for one, and those that are implied, in order. */
export function filtersFor({ filters, routes = [] }: ProxyIntent): Promise<FilterDefinition<unknown>[]> {
  const names = new Set(
    [filters, ...routes.map((route) => route.filters)].flatMap((settings) => Object.keys(settings ?? {})),
  );
  return loaded((name) => names.has(name));
}
