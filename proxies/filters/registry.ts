/**
 * The filters there are, in the order in which requests pass them; responses pass them the other way round. First come those that see
 * every answer, refusals included; then those that refuse, the cheap ones before the expensive ones; then those that change what passes.
 */
import { filter as apiKey } from './api-key.ts';
import { filter as basicAuth } from './basic-auth.ts';
import { filter as cache } from './cache.ts';
import { filter as clientCertIdentity } from './client-cert-identity.ts';
import { filter as compression } from './compression.ts';
import type { FilterDefinition } from './contract.ts';
import { filter as cors } from './cors.ts';
import { filter as extAuthz } from './ext-authz.ts';
import { filter as fault } from './fault.ts';
import { filter as headerLog } from './header-log.ts';
import { filter as headers } from './headers.ts';
import { filter as ipRules } from './ip-rules.ts';
import { filter as jwt } from './jwt.ts';
import { filter as mirror } from './mirror.ts';
import { filter as rateLimit } from './rate-limit.ts';
import { filter as requestRules } from './request-rules.ts';
import { filter as tracing } from './tracing.ts';
import { filter as transform } from './transform.ts';
import { filter as user } from './user.ts';

export const FILTERS: readonly FilterDefinition<unknown>[] = [
  fault,
  tracing,
  headerLog,
  cors,
  ipRules,
  rateLimit,
  basicAuth,
  apiKey,
  clientCertIdentity,
  jwt,
  extAuthz,
  requestRules,
  user,
  cache,
  compression,
  transform,
  headers,
  mirror,
];
