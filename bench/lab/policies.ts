/** One neutral protection for all: the policies around a cluster's endpoints, each in the fullest form that a proxy offers. */
import { featuresAsked } from '#proxies/config/asked.ts';
import type { Cluster } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';

type Form = Partial<Cluster>;

const CHECK = { path: '/health', interval: 250, timeout: 250 } as const;
const THRESHOLDS = { unhealthyThreshold: 2, healthyThreshold: 2 } as const;
const RETRY = { attempts: 2, perTryTimeout: 250 } as const;
const SENT_AGAIN = ['connect', 'reset', 'timeout', 'gateway-error'] as const;
const BACKOFF = { base: 5, max: 20 } as const;
const BUDGET = { share: 0.5, minimum: 20 } as const;
const EJECTION = { consecutive: 5, baseTime: 1_000 } as const;

/** The first form of each that a proxy offers is the one that it is given. They differ in detail alone; what is said of times is the same. */
const POLICIES: Readonly<Record<string, readonly Form[]>> = {
  'health checks': [
    { healthCheck: { kind: 'http', ...CHECK, ...THRESHOLDS } },
    { healthCheck: { kind: 'http', ...CHECK } },
    { healthCheck: { kind: 'tcp', interval: CHECK.interval, timeout: CHECK.timeout, ...THRESHOLDS } },
  ],
  ejection: [{ ejection: { ...EJECTION, maxTime: 5_000, maxShare: 0.67 } }, { ejection: EJECTION }],
  retries: [
    { retry: { on: SENT_AGAIN, ...RETRY, backoff: BACKOFF, budget: BUDGET } },
    { retry: { on: SENT_AGAIN, ...RETRY, backoff: BACKOFF } },
    { retry: { on: SENT_AGAIN, ...RETRY } },
    { retry: { on: ['connect', 'reset', 'timeout'], ...RETRY } },
    { retry: { on: SENT_AGAIN, attempts: RETRY.attempts } },
  ],
  'circuit breaker': [{ circuitBreaker: { requests: 128 } }],
  'slow start': [{ slowStart: { window: 2_000 } }],
};

export interface Protection {
  readonly policies: Form;
  /** Names of the policies. */
  readonly given: readonly string[];
  readonly withheld: readonly string[];
}

export const UNPROTECTED: Protection = { policies: {}, given: [], withheld: [] };

/** What of it this proxy can be given; by what it says that it offers, so that a user's own command is given none. */
export function protectionOf({ capabilities }: Pick<ProxyDefinition, 'capabilities'>): Protection {
  const listener = { address: { host: '127.0.0.1', port: 0 } };
  const isOffered = (form: Form): boolean =>
    featuresAsked({ listener, clusters: [{ name: 'origin', endpoints: [], ...form }] }).every(
      ({ feature, path }) => !isPolicy(path, form) || (feature !== undefined && capabilities.has(feature)),
    );
  const chosen = Object.entries(POLICIES).map(([name, forms]) => ({ name, form: forms.find(isOffered) }));
  return {
    policies: Object.assign({}, ...chosen.map(({ form }) => form)) as Form,
    given: chosen.filter(({ form }) => form).map(({ name }) => name),
    withheld: chosen.filter(({ form }) => !form).map(({ name }) => name),
  };
}

/** Of the ask, not of the cluster that holds it. */
const isPolicy = (path: string, form: Form): boolean =>
  Object.keys(form).some((field) => path.startsWith(`clusters[0].${field}`));
