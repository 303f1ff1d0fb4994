/** One neutral protection for all: the policies around a cluster's endpoints, each in the fullest form that a proxy offers. */
import { featuresAsked } from '#proxies/config/asked.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Cluster, ProxyIntent } from '#proxies/config/intent.ts';
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
  retries: [
    { retry: { on: SENT_AGAIN, ...RETRY, backoff: BACKOFF, budget: BUDGET } },
    { retry: { on: SENT_AGAIN, ...RETRY, backoff: BACKOFF } },
    { retry: { on: SENT_AGAIN, ...RETRY } },
    { retry: { on: ['connect', 'reset', 'timeout'], ...RETRY } },
    { retry: { on: SENT_AGAIN, attempts: RETRY.attempts } },
  ],
  ejection: [{ ejection: { ...EJECTION, maxTime: 5_000, maxShare: 0.67 } }, { ejection: EJECTION }],
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

/**
 * What of it this proxy can be given, one policy after the other: what it does not offer beside those before is withheld. By what it says
 * that it offers, so that a user's own command is given none.
 */
export function protectionOf(definition: Pick<ProxyDefinition, 'capabilities' | 'check'>): Protection {
  let policies: Form = {};
  const given: string[] = [];
  const withheld: string[] = [];
  for (const [name, forms] of Object.entries(POLICIES)) {
    const form = forms.find((one) => isOffered(definition, one, { ...policies, ...one }));
    (form ? given : withheld).push(name);
    policies = { ...policies, ...form };
  }
  return { policies, given, withheld };
}

const ADDRESS = { host: '127.0.0.1', port: 0 };

function isOffered(
  { capabilities, check }: Pick<ProxyDefinition, 'capabilities' | 'check'>,
  form: Form,
  all: Form,
): boolean {
  const endpoints = [1, 2, 3].map((port) => ({ host: '127.0.0.1', port }));
  const intent = (policies: Form): ProxyIntent => ({
    listener: { address: ADDRESS },
    clusters: [{ name: 'origin', endpoints, ...policies }],
    defaultCluster: 'origin',
  });
  const asked = featuresAsked(intent(form)).filter(({ path }) =>
    Object.keys(form).some((field) => path.startsWith(`clusters[0].${field}`)),
  );
  if (!asked.every(({ feature }) => feature !== undefined && capabilities.has(feature))) return false;
  try {
    check?.(intent(all));
    return true;
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}
