/** A cluster as exchanges use it: who of its endpoints is next, and the connections that are open to each. */
import type { Balancer } from '../cluster/balancer.ts';
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { createProbe } from '../cluster/probe.ts';
import { ClusterRuntime } from '../cluster/runtime.ts';
import type { Cluster } from '../config/intent.ts';
import type { OnClusterEvent } from '../stats/cluster-events.ts';
import type { Wire } from '../net/wire.ts';
import type { Dial } from './dial.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-origin-connection.ts';
import type { OriginService } from './origin-connection.ts';
import { askByHttp2 } from './http2-probe.ts';
import { HTTP2, NegotiatedPool } from './negotiated-pool.ts';
import type { OriginPool, OriginSide } from './sides.ts';

export interface UpstreamService extends OriginService {
  readonly onClusterEvent?: OnClusterEvent | undefined;
}

const POOLS = { http1: Http1Pool, http2: Http2Pool, auto: NegotiatedPool } as const;

/** How health checks ask. */
const ASK_ON = {
  http1: () => undefined,
  http2: () => askByHttp2,
  auto: ({ protocol }: Wire) => (protocol === HTTP2 ? askByHttp2 : undefined),
} as const;

export class Upstream {
  readonly name: string;
  readonly cluster: ClusterRuntime;
  readonly balancer: Balancer;
  /** It has policies for single requests. */
  readonly governs: boolean;
  readonly dial: Dial;
  readonly connectTimeout: number;
  /** The origin is reached by TLS. */
  readonly secure: boolean;
  readonly #service: UpstreamService;
  readonly #pools = new Map<ClusterEndpoint, OriginPool>();
  #isClosed = false;

  constructor(cluster: Cluster, dial: Dial, service: UpstreamService, secure = false) {
    this.name = cluster.name;
    this.cluster = new ClusterRuntime(cluster, {
      ...(cluster.healthCheck && {
        probe: createProbe(cluster.healthCheck, { dial, secure, askOn: ASK_ON[cluster.protocol ?? 'http1'] }),
      }),
      ...(service.onClusterEvent && { onEvent: service.onClusterEvent }),
      onRemoved: (endpoint) => this.#forget(endpoint),
    });
    this.balancer = this.cluster.balancer;
    this.governs = this.cluster.governs;
    this.dial = dial;
    this.secure = secure;
    this.connectTimeout = cluster.connectTimeout ?? service.timeouts.connect;
    this.#service = service;
  }

  /** A side for one exchange; undefined where the endpoint has as many connections as it may. `fresh`: none that served before. */
  origin(endpoint: ClusterEndpoint, fresh: boolean): OriginSide | undefined {
    return (this.#pools.get(endpoint) ?? this.#addPool(endpoint)).origin(fresh);
  }

  /** Policies begin, with what is known of the same cluster under an older intent, whose own end. */
  start(previous?: Upstream): void {
    this.cluster.start(previous?.cluster);
  }

  /** Policies end. Idle connections are closed, the others after their exchange. */
  close(): void {
    this.#isClosed = true;
    this.cluster.close();
    for (const pool of this.#pools.values()) pool.close();
  }

  #addPool(endpoint: ClusterEndpoint): OriginPool {
    const Pool = POOLS[this.cluster.intent.protocol ?? 'http1'];
    const pool = new Pool(this, endpoint, this.#service, this.cluster);
    this.#pools.set(endpoint, pool);
    // An exchange that began before may still come here; what it opens serves it alone.
    if (this.#isClosed) pool.close();
    return pool;
  }

  #forget(endpoint: ClusterEndpoint): void {
    this.#pools.get(endpoint)?.close();
    this.#pools.delete(endpoint);
  }
}
