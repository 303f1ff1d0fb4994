/** The shapes of a cluster's policies. What they mean together is `policy-check.ts`'s. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { count, fieldName, host, port, share, span } from './values.ts';

const threshold = z.int().min(1, 'a threshold is at least 1').max(1_000);
const bound = z.int().min(1, 'a bound below 1 would let nobody through: leave it out, or say 1 and more');
const status = z.int().min(100, 'expected a status from 100 to 599').max(599, 'expected a status from 100 to 599');
const path = z.string().regex(/^\/[\x21-\x7e]*$/, 'expected a path: /, then visible ASCII');

const pace = {
  port: port.min(1).optional(),
  interval: span.optional(),
  jitter: share.optional(),
  timeout: span.optional(),
  unhealthyThreshold: threshold.optional(),
  healthyThreshold: threshold.optional(),
};

const healthCheck = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tcp'), ...pace }),
  z.strictObject({
    kind: z.literal('http'),
    path: path.optional(),
    host: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'expected a host with optional port')
      .optional(),
    expected: z
      .array(z.strictObject({ from: status, to: status }))
      .min(1, 'no status would be expected')
      .optional(),
    ...pace,
  }),
]);

const stickiness = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cookie'),
    name: fieldName,
    maxAge: z.int().positive('expected seconds, more than 0').optional(),
    path: z
      .string()
      .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'expected a path: /, then visible ASCII without ;')
      .optional(),
  }),
  z.strictObject({ kind: z.literal('header'), name: fieldName }),
]);

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`. */
function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, v6, v4, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  return (isIPv6(v6 ?? '') || isIPv4(v4 ?? '')) && Number(digits) >= 1 && Number(digits) <= 65_535;
}
const nameServer = z
  .string()
  .refine(isNameServer, 'expected the address of a name server, with its port where it is not 53');

const asked = {
  name: host,
  servers: z.array(nameServer).min(1, 'nobody would be asked: leave servers out').optional(),
  minTtl: span.optional(),
  maxTtl: span.optional(),
};

const discovery = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dns'), port: port.min(1), ...asked }),
  z.strictObject({ kind: z.literal('srv'), ...asked }),
  z.strictObject({ kind: z.literal('file'), path: z.string().min(1) }),
]);

export const clusterPolicies = {
  healthCheck: healthCheck.optional(),
  ejection: z
    .strictObject({
      consecutive: count.optional(),
      errorRate: share.positive('0 would eject whoever answers').optional(),
      window: span.optional(),
      minimum: z.int().min(1, 'at least 1 answer').optional(),
      baseTime: span.optional(),
      maxTime: span.optional(),
      maxShare: share.positive('0 would eject nobody: leave ejection out').optional(),
    })
    .optional(),
  panicThreshold: share.optional(),
  circuitBreaker: z
    .strictObject({
      connections: bound.optional(),
      requests: bound.optional(),
      pending: bound.optional(),
      retries: count.optional(),
    })
    .optional(),
  retry: z
    .strictObject({
      on: z
        .array(z.enum(['connect', 'reset', 'timeout', 'gateway-error', 'server-error']))
        .min(1, 'nothing would be tried again: leave retry out'),
      attempts: z.int().min(1, 'none would be made: leave retry out').max(100).optional(),
      perTryTimeout: span.optional(),
      backoff: z.strictObject({ base: span, max: span }).optional(),
      budget: z.strictObject({ share, minimum: count }).optional(),
    })
    .optional(),
  slowStart: z
    .strictObject({
      window: span,
      aggression: z.number().positive('expected a number above 0').optional(),
      minimum: share.positive('0 would give it nothing to begin with').optional(),
    })
    .optional(),
  stickiness: stickiness.optional(),
  discovery: discovery.optional(),
  queue: z
    .strictObject({ size: z.int().min(1, 'nobody could wait: leave queue out'), timeout: span.optional() })
    .optional(),
  hedge: z
    .strictObject({ delay: span, most: z.int().min(1, 'none would be sent: leave hedge out').max(16).optional() })
    .optional(),
};
