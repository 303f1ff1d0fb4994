/** Whether an unknown value is an intent: first its shape, then whether its parts fit together. */
import { METHODS } from 'node:http';
import { z } from 'zod';
import { crossCheck } from './cross-check.ts';
import { defaultLimits, defaultTimeouts } from './defaults.ts';
import { IntentError, type IntentProblem } from './intent-error.ts';
import type { ProxyIntent, WeightedEndpoint } from './intent.ts';
import { clusterPolicies } from './policy-schema.ts';
import {
  cidr,
  count,
  endpoint,
  fieldName,
  fieldText,
  host,
  listening,
  millis,
  name,
  pattern,
  port,
  token,
} from './values.ts';

const pem = (kind: string) =>
  z.string().includes(`-----BEGIN ${kind}`, `expected PEM text that begins with -----BEGIN ${kind}`);
const certificate = z.strictObject({
  cert: pem('CERTIFICATE'),
  key: z.string().includes('PRIVATE KEY-----', 'expected the PEM text of a private key'),
  serverNames: z.array(pattern).optional(),
});
const tlsVersion = z.enum(['TLSv1.2', 'TLSv1.3']);

const listener = z.strictObject({
  address: listening,
  tls: z
    .strictObject({
      certificates: z.array(certificate).min(1, 'TLS needs at least one certificate'),
      onlyNamed: z.boolean().optional(),
      alpn: z.array(z.string().min(1).max(255)).optional(),
      minVersion: tlsVersion.optional(),
      maxVersion: tlsVersion.optional(),
      resumption: z.boolean().optional(),
      ticketKeys: z
        .base64()
        .refine((text) => Buffer.from(text, 'base64').length === 48, 'expected the base64 of 48 octets')
        .optional(),
      clientCa: pem('CERTIFICATE').optional(),
    })
    .optional(),
  proxyProtocol: z.boolean().optional(),
  reusePort: z.boolean().optional(),
  http2: z.boolean().optional(),
});

const cluster = z.strictObject({
  name,
  endpoints: z.array(endpoint),
  protocol: z.enum(['http1', 'http2', 'auto']).optional(),
  policy: z.enum(['round-robin', 'random', 'least-request', 'power-of-two', 'source-ip']).optional(),
  tls: z
    .strictObject({
      serverName: host.optional(),
      ca: pem('CERTIFICATE').optional(),
      verify: z.boolean().optional(),
      certificate: certificate.optional(),
    })
    .optional(),
  connectTimeout: millis.optional(),
  proxyProtocol: z.enum(['v1', 'v2']).optional(),
  ...clusterPolicies,
});

const NOTHING_MATCHES = 'an empty list matches nothing; leave it out';

const headerMatch = z.strictObject({
  name: fieldName,
  match: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('present') }),
    z.strictObject({ kind: z.literal('exact'), value: fieldText }),
    z.strictObject({ kind: z.literal('prefix'), value: fieldText }),
  ]),
  invert: z.boolean().optional(),
});

const headerEdit = z
  .strictObject({ op: z.enum(['add', 'set', 'remove']), name: fieldName, value: fieldText.optional() })
  .refine(
    ({ op, value }) => (op === 'remove') === (value === undefined),
    'add and set need a value, remove takes none',
  );

const visible = (message: string) => z.string().regex(/^[\x21-\x7e]+$/, message);
const path = visible('not a path').startsWith('/');

/** Each filter reads its own settings where the intent is compiled. */
const filters = z.record(z.string(), z.unknown());

const route = z.strictObject({
  match: z.strictObject({
    hosts: z.array(pattern).min(1, NOTHING_MATCHES).optional(),
    path: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('exact'), value: z.string().startsWith('/') }),
        z.strictObject({ kind: z.literal('prefix'), value: z.string().startsWith('/') }),
        z.strictObject({ kind: z.literal('regex'), value: z.string().min(1) }),
      ])
      .optional(),
    methods: z
      .array(z.string().regex(token, `expected methods such as ${METHODS.slice(0, 3).join(', ')}`))
      .min(1, NOTHING_MATCHES)
      .optional(),
    headers: z.array(headerMatch).optional(),
  }),
  action: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('forward'),
      clusters: z.array(z.strictObject({ name, weight: count.optional() })).min(1),
      prefixRewrite: path.optional(),
      regexRewrite: z.strictObject({ pattern: z.string().min(1), substitution: z.string() }).optional(),
      hostRewrite: visible('not a host').optional(),
      timeout: millis.optional(),
      idleTimeout: millis.optional(),
    }),
    z.strictObject({
      kind: z.literal('redirect'),
      status: z.literal([301, 302, 303, 307, 308]).optional(),
      scheme: z.enum(['http', 'https']).optional(),
      host: visible('not a host').optional(),
      port: port.min(1).optional(),
      path: path.optional(),
      prefixRewrite: path.optional(),
      stripQuery: z.boolean().optional(),
    }),
    z.strictObject({
      kind: z.literal('reply'),
      status: z.int().min(200).max(599),
      body: z.string().optional(),
      contentType: fieldText.optional(),
    }),
  ]),
  requestHeaders: z.array(headerEdit).optional(),
  responseHeaders: z.array(headerEdit).optional(),
  filters: filters.optional(),
});

/** The defaults name every limit and timeout there is: one list, not two. */
const someOf = (defaults: object, value: z.ZodNumber) =>
  z.strictObject(Object.fromEntries(Object.keys(defaults).map((key) => [key, value.optional()])));

/** The shape alone, without what `crossCheck` asks. */
export const intentShape = z.strictObject({
  listener,
  clusters: z.array(cluster),
  defaultCluster: name.optional(),
  routes: z.array(route).optional(),
  filters: filters.optional(),
  sniRoutes: z
    .array(
      z.strictObject({
        serverNames: z.array(pattern).optional(),
        alpn: z.array(z.string().min(1).max(255)).optional(),
        cluster: name,
      }),
    )
    .optional(),
  l4: z
    .strictObject({
      allowSources: z.array(cidr).optional(),
      denySources: z.array(cidr).optional(),
      allowPorts: z.array(port.min(1)).optional(),
    })
    .optional(),
  forward: z.strictObject({ allow: z.array(z.string()).optional(), block: z.array(z.string()).optional() }).optional(),
  forwarding: z
    .strictObject({
      xForwardedFor: z.boolean().optional(),
      forwarded: z.boolean().optional(),
      via: z.string().regex(token, 'a pseudonym is a token (RFC 9110 §7.6.3)').optional(),
      trustedPeers: z.array(cidr).optional(),
    })
    .optional(),
  escapedSlashes: z.enum(['keep', 'refuse']).optional(),
  limits: someOf(defaultLimits, count).optional(),
  timeouts: someOf(defaultTimeouts, millis).optional(),
  concurrency: z.int().min(1).max(256).optional(),
  admin: listening.optional(),
  stats: z.boolean().optional(),
  accessLog: z.string().min(1).optional(),
  fault: z
    .strictObject({ burn: z.number().positive().max(100).optional(), delay: millis.positive().optional() })
    .optional(),
});

/** `['clusters', 0, 'name']` → `clusters[0].name`. */
const pathText = (path: readonly PropertyKey[]) =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`)).join('');

/** What `value` is by its shape. Throws `IntentError` with every problem by its path. */
function parseShape<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue): IntentProblem => ({
    path: pathText(issue.path),
    message: issue.message,
  }));
  throw new IntentError(problems);
}

/** The intent that `value` is. Throws `IntentError` with every problem by its path. */
export function parseIntent(value: unknown): ProxyIntent {
  // The shape says the same as the type; zod only writes its optional keys differently.
  const intent = parseShape(intentShape, value) as ProxyIntent;
  const problems = crossCheck(intent);
  if (problems.length > 0) throw new IntentError(problems);
  return intent;
}

const endpoints = z.array(endpoint).min(1, 'expected at least one endpoint');

/** A list of endpoints that stands by itself, as a file has it. Throws `IntentError` with every problem by its path. */
export const parseEndpoints = (value: unknown): WeightedEndpoint[] =>
  parseShape(endpoints, value) as WeightedEndpoint[];
