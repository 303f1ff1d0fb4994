/** What is counted for a listener and for each endpoint. Counting is one addition; everything else happens when somebody asks. */

import { tell } from '../platform/notices.ts';
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
  readonly weight: number;
  readonly traffic: TrafficSnapshot;
}

export interface ClusterStats {
  readonly name: string;
  readonly traffic: TrafficSnapshot;
  readonly endpoints: readonly EndpointStats[];
}

/** Plain data: several event loops send theirs to the one that is asked. */
export interface ProxyStats {
  readonly listener: { readonly address: string; readonly traffic: TrafficSnapshot };
  readonly clusters: readonly ClusterStats[];
  /** Event loops that were started after one had died; absent where there is one alone. The figures of a dead one are gone. */
  readonly loopRestarts?: number;
}

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
    reasons: addReasons(a.reasons, b.reasons),
  };
}

function addReasons(a: ReasonCounts, b: ReasonCounts): ReasonCounts {
  const sum: Partial<Record<Reason, number>> = { ...a };
  for (const [reason, times] of Object.entries(b) as [Reason, number][]) sum[reason] = (sum[reason] ?? 0) + times;
  return sum;
}

/** A cluster's figures are the sum of its endpoints'. */
export function clusterStats(name: string, endpoints: readonly EndpointStats[]): ClusterStats {
  const traffic = endpoints.reduce((sum, endpoint) => addTraffic(sum, endpoint.traffic), new Traffic().snapshot());
  return { name, traffic, endpoints };
}

/** Sums the loops of one proxy. A loop that is still under an older intent may know clusters and endpoints that another does not. */
export function mergeStats(parts: readonly [ProxyStats, ...ProxyStats[]]): ProxyStats {
  const clusters = new Map<string, Map<string, EndpointStats>>();
  for (const part of parts) {
    for (const { name, endpoints } of part.clusters) {
      const merged = clusters.get(name) ?? new Map<string, EndpointStats>();
      clusters.set(name, merged);
      for (const endpoint of endpoints) {
        const seen = merged.get(endpoint.address);
        merged.set(
          endpoint.address,
          seen ? { ...seen, traffic: addTraffic(seen.traffic, endpoint.traffic) } : endpoint,
        );
      }
    }
  }
  return {
    listener: {
      address: parts[0].listener.address,
      traffic: parts.map((part) => part.listener.traffic).reduce(addTraffic),
    },
    clusters: [...clusters].map(([name, endpoints]) => clusterStats(name, [...endpoints.values()])),
  };
}
