/** What is counted for a listener and for each endpoint. Counting is one addition; everything else happens when somebody asks. */

import { tell } from '../platform/notices.ts';
import type { ClusterEventCounts } from './cluster-events.ts';
import type { Reason, ReasonCounts } from './reasons.ts';

/** Bucket i of a latency histogram holds durations of [2^(i-1), 2^i) microseconds, bucket 0 those below 1; the last is open. */
export const LATENCY_BUCKETS = 28;

/** Microseconds that fall into the last bucket, and into 32 bits. */
const LONGEST = 2 ** LATENCY_BUCKETS;

/** Counted, and not told: clients come and go, and nobody need do anything about it. */
const ORDINARY: ReadonlySet<Reason> = new Set(['client_closed', 'client_reset']);

export class Traffic {
  connections = 0;
  /** Connections open now. */
  active = 0;
  requests = 0;
  /** Refused, failed to connect, reset, timed out. */
  errors = 0;
  /** From the client's point of view: received from it, sent to it. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Responses by class: index 1 is 1xx. */
  readonly codes: number[] = [0, 0, 0, 0, 0, 0];
  readonly latency: number[] = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  latencyMicros = 0;
  readonly reasons: Partial<Record<Reason, number>> = {};

  /** Counts a `reason` and tells it on stderr, at its measured pace. `detail`: whom it concerned. */
  because(reason: Reason, detail: () => string, times = 1): void {
    this.reasons[reason] = (this.reasons[reason] ?? 0) + times;
    if (!ORDINARY.has(reason)) tell(reason, detail);
  }

  /** Counts a response (L7) of `status`, or the life of a connection (L4), that took `micros`. */
  finished(micros: number, status = 0): void {
    this.codes[Math.min(5, Math.trunc(status / 100))]!++;
    // Beyond 32 bits, 71 minutes, clz32 would see the remainder alone.
    this.latency[Math.min(LATENCY_BUCKETS - 1, 32 - Math.clz32(Math.min(micros, LONGEST)))]!++;
    this.latencyMicros += micros;
  }

  snapshot(): TrafficSnapshot {
    const { connections, active, requests, errors, bytesReceived, bytesSent, latencyMicros } = this;
    return {
      connections,
      active,
      requests,
      errors,
      bytesReceived,
      bytesSent,
      codes: this.codes.slice(),
      latency: this.latency.slice(),
      latencyMicros,
      reasons: { ...this.reasons },
    };
  }
}

export interface TrafficSnapshot {
  readonly connections: number;
  readonly active: number;
  readonly requests: number;
  readonly errors: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly codes: readonly number[];
  readonly latency: readonly number[];
  readonly latencyMicros: number;
  readonly reasons: ReasonCounts;
}

export interface EndpointStats {
  readonly address: string;
  /** What it has now; less than its own while it warms up. */
  readonly weight: number;
  /** Why it is left out; absent: it is in order. */
  readonly out?: 'unhealthy' | 'ejected';
  readonly traffic: TrafficSnapshot;
}

/** What the policies of a cluster have done, and what they do at the moment. */
export interface PolicyStats {
  readonly events: ClusterEventCounts;
  /** All endpoints are used, in order or not. */
  readonly panic: boolean;
  /** Bounds that refuse. */
  readonly open: readonly string[];
  /** Requests in the queue. */
  readonly waiting: number;
}

export interface ClusterStats {
  readonly name: string;
  readonly traffic: TrafficSnapshot;
  readonly endpoints: readonly EndpointStats[];
  /** Where the cluster has any. */
  readonly policies?: PolicyStats;
}

/** Plain data: several event loops send theirs to the one that is asked. */
export interface ProxyStats {
  readonly listener: { readonly address: string; readonly traffic: TrafficSnapshot };
  readonly clusters: readonly ClusterStats[];
  /** Event loops that were started after one had died; absent where there is one alone. The figures of a dead one are gone. */
  readonly loopRestarts?: number;
}

type Counts<Name extends string> = Readonly<Partial<Record<Name, number>>>;

const sums = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value + b[i]!);

function addTraffic(a: TrafficSnapshot, b: TrafficSnapshot): TrafficSnapshot {
  return {
    connections: a.connections + b.connections,
    active: a.active + b.active,
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    bytesSent: a.bytesSent + b.bytesSent,
    codes: sums(a.codes, b.codes),
    latency: sums(a.latency, b.latency),
    latencyMicros: a.latencyMicros + b.latencyMicros,
    reasons: addCounts(a.reasons, b.reasons),
  };
}

function addCounts<Name extends string>(a: Counts<Name>, b: Counts<Name>): Counts<Name> {
  const sum: Partial<Record<Name, number>> = { ...a };
  for (const [name, times] of Object.entries(b) as [Name, number][]) sum[name] = (sum[name] ?? 0) + times;
  return sum;
}

function addPolicies(a: PolicyStats | undefined, b: PolicyStats | undefined): PolicyStats | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    events: addCounts(a.events, b.events),
    panic: a.panic || b.panic,
    open: [...new Set([...a.open, ...b.open])],
    waiting: a.waiting + b.waiting,
  };
}

/** A cluster's figures are the sum of its endpoints'. */
export function clusterStats(name: string, endpoints: readonly EndpointStats[], policies?: PolicyStats): ClusterStats {
  const traffic = endpoints.reduce((sum, endpoint) => addTraffic(sum, endpoint.traffic), new Traffic().snapshot());
  return { name, traffic, endpoints, ...(policies && { policies }) };
}

/** Sums the loops of one proxy. A loop that is still under an older intent may know clusters and endpoints that another does not. */
export function mergeStats(parts: readonly [ProxyStats, ...ProxyStats[]]): ProxyStats {
  const clusters = new Map<string, Map<string, EndpointStats>>();
  const around = new Map<string, PolicyStats | undefined>();
  for (const part of parts) {
    for (const { name, endpoints, policies } of part.clusters) {
      const merged = clusters.get(name) ?? new Map<string, EndpointStats>();
      clusters.set(name, merged);
      around.set(name, addPolicies(around.get(name), policies));
      for (const endpoint of endpoints) {
        const seen = merged.get(endpoint.address);
        merged.set(
          endpoint.address,
          seen ? { ...endpoint, ...seen, traffic: addTraffic(seen.traffic, endpoint.traffic) } : endpoint,
        );
      }
    }
  }
  return {
    listener: {
      address: parts[0].listener.address,
      traffic: parts.map((part) => part.listener.traffic).reduce(addTraffic),
    },
    clusters: [...clusters].map(([name, endpoints]) => clusterStats(name, [...endpoints.values()], around.get(name))),
  };
}
