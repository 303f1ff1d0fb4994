/** One endpoint of a cluster, and all that is known of it. Policies write here what they find; balancers look nowhere else. */
import type { WeightedEndpoint } from '../config/intent.ts';
import { Traffic, type EndpointStats } from '../stats/traffic.ts';

/** What decides whether, and how often, an endpoint is chosen. */
export interface EndpointState {
  /** What active checks say; true where nobody checks. */
  healthy: boolean;
  /** Taken out for a while because of what it answered. */
  ejected: boolean;
  /** Its share of the work now, positive: `fullWeight`, or less while it warms up. */
  weight: number;
  /** May be chosen: healthy and not ejected, or all are needed. Kept by `markUsable`. */
  usable: boolean;
}

/** What passive ejection remembers of an endpoint. Counts of the last half window and of the one before. */
export interface FailureRecord {
  /** Failures since the last success. */
  inRow: number;
  /** When the half window that is counted now began, in the clock's milliseconds. */
  since: number;
  answers: number;
  failures: number;
  answersBefore: number;
  failuresBefore: number;
  /** Ejections that still lengthen the next one. */
  ejections: number;
  /** When the last ejection ends or ended. */
  until: number;
}

/** What active checks remember of an endpoint. */
export interface CheckRecord {
  judged: boolean;
  /** Answers in a row that speak against the state it is in. */
  against: number;
}

export class ClusterEndpoint implements EndpointState {
  readonly host: string;
  readonly port: number;
  /** As configured. */
  fullWeight: number;
  weight: number;
  healthy = true;
  ejected = false;
  usable = true;
  /** Connections (L4) or requests (L7) under way; whoever uses the endpoint counts them here. */
  active = 0;
  readonly traffic = new Traffic();
  readonly checks: CheckRecord = { judged: false, against: 0 };
  /** Since when it warms up, in the clock's milliseconds; undefined: it is warm. */
  warmingSince: number | undefined = undefined;
  readonly record: FailureRecord = {
    inRow: 0,
    since: 0,
    answers: 0,
    failures: 0,
    answersBefore: 0,
    failuresBefore: 0,
    ejections: 0,
    until: 0,
  };

  constructor({ host, port, weight = 1 }: WeightedEndpoint) {
    this.host = host;
    this.port = port;
    this.fullWeight = this.weight = weight;
  }

  /** What identifies it across reloads. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }
}

/** `active` is what the balancer goes by; the rest is counted beside it. */
export function endpointStats(endpoint: ClusterEndpoint): EndpointStats {
  const { address, weight, active, healthy, ejected, traffic } = endpoint;
  const out = healthy ? ejected && 'ejected' : 'unhealthy';
  return { address, weight, ...(out && { out }), traffic: { ...traffic.snapshot(), active } };
}
