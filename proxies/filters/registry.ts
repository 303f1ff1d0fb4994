/**
 * The filters there are, in the order in which requests pass them; responses pass them the other way round. First come those that see
 * every answer, refusals included; then those that refuse, the cheap ones before the expensive ones; then those that change what passes.
 * Those that are configured by name are loaded where an intent names them: with the library of their schemas they take a dozen megabytes.
 */
import { createRequire } from 'node:module';
import type { filter as apiKey } from './api-key.ts';
import type { filter as basicAuth } from './basic-auth.ts';
import type { filter as cache } from './cache.ts';
import type { filter as clientCertIdentity } from './client-cert-identity.ts';
import type { filter as compression } from './compression.ts';
import type { ConfiguredFilter, FilterDefinition } from './contract.ts';
import type { filter as cors } from './cors.ts';
import type { filter as extAuthz } from './ext-authz.ts';
import { filter as fault } from './fault.ts';
import type { filter as headerLog } from './header-log.ts';
import { filter as headers } from './headers.ts';
import type { filter as ipRules } from './ip-rules.ts';
import type { filter as jwt } from './jwt.ts';
import type { filter as mirror } from './mirror.ts';
import type { filter as rateLimit } from './rate-limit.ts';
import type { filter as requestRules } from './request-rules.ts';
import type { filter as tracing } from './tracing.ts';
import type { filter as transform } from './transform.ts';
import type { filter as user } from './user.ts';

const require = createRequire(import.meta.url);

/** That of the file of this name. */
function later<Filter extends ConfiguredFilter<unknown>>(name: string): ConfiguredFilter<unknown> {
  const load = (): Filter => (require(`#proxies/filters/${name}.ts`) as { readonly filter: Filter }).filter;
  return {
    name,
    get schema() {
      return load().schema;
    },
    create: (config, service) => load().create(config, service),
  };
}

export const FILTERS: readonly FilterDefinition<unknown>[] = [
  fault,
  later<typeof tracing>('tracing'),
  later<typeof headerLog>('header-log'),
  later<typeof cors>('cors'),
  later<typeof ipRules>('ip-rules'),
  later<typeof rateLimit>('rate-limit'),
  later<typeof basicAuth>('basic-auth'),
  later<typeof apiKey>('api-key'),
  later<typeof clientCertIdentity>('client-cert-identity'),
  later<typeof jwt>('jwt'),
  later<typeof extAuthz>('ext-authz'),
  later<typeof requestRules>('request-rules'),
  later<typeof user>('user'),
  later<typeof cache>('cache'),
  later<typeof compression>('compression'),
  later<typeof transform>('transform'),
  headers,
  later<typeof mirror>('mirror'),
];
