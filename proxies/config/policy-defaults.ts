/** What holds where a policy of a cluster leaves it open. Durations are milliseconds. */
import type { Discovery, Ejection, HealthCheck, Hedge, Queue, Retry, SlowStart, StatusRange } from './intent.ts';

type HttpCheck = Extract<HealthCheck, { readonly kind: 'http' }>;
type Preset<T, K extends keyof T> = { readonly [Key in K]-?: NonNullable<T[Key]> };

export const POLICIES = {
  healthCheck: {
    path: '/',
    expected: [{ from: 200, to: 299 }] as readonly StatusRange[],
    interval: 5_000,
    jitter: 0.1,
    timeout: 1_000,
    unhealthyThreshold: 3,
    healthyThreshold: 2,
  },
  ejection: { consecutive: 5, window: 10_000, minimum: 20, baseTime: 30_000, maxTime: 300_000, maxShare: 0.5 },
  retry: { attempts: 1, budget: { share: 0.2, minimum: 3 } },
  slowStart: { aggression: 1, minimum: 0.1 },
  discovery: { minTtl: 1_000, maxTtl: 300_000 },
  queue: { timeout: 1_000 },
  hedge: { most: 1 },
} satisfies {
  readonly healthCheck: Preset<HttpCheck, Exclude<keyof HttpCheck, 'kind' | 'host' | 'port'>>;
  readonly ejection: Preset<Ejection, Exclude<keyof Ejection, 'errorRate'>>;
  readonly retry: Preset<Retry, 'attempts' | 'budget'>;
  readonly slowStart: Preset<SlowStart, 'aggression' | 'minimum'>;
  readonly discovery: Preset<Extract<Discovery, { readonly kind: 'srv' }>, 'minTtl' | 'maxTtl'>;
  readonly queue: Preset<Queue, 'timeout'>;
  readonly hedge: Preset<Hedge, 'most'>;
};

/** How many of `count` endpoints may be ejected at once. A product such as 0.29 × 100 must not lose one to its last bit. */
export const mostEjected = (maxShare: number, count: number): number => Math.floor(maxShare * count + 1e-9);
