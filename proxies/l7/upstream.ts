/** A cluster as exchanges use it: who of its endpoints is next, and the connections that are open to each. */
import { type Balancer, createBalancer } from '../cluster/balancer.ts';
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import type { Cluster } from '../config/intent.ts';
import type { Dial } from './dial.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-origin-connection.ts';
import type { OriginService } from './origin-connection.ts';
import type { OriginSide } from './sides.ts';

export class Upstream {
  readonly name: string;
  readonly balancer: Balancer;
  readonly dial: Dial;
  readonly connectTimeout: number;
  /** The origin is reached by TLS. */
  readonly secure: boolean;
  readonly #pools = new Map<ClusterEndpoint, Http1Pool | Http2Pool>();

  constructor(cluster: Cluster, dial: Dial, service: OriginService, secure = false) {
    this.name = cluster.name;
    this.balancer = createBalancer(cluster);
    this.dial = dial;
    this.secure = secure;
    this.connectTimeout = cluster.connectTimeout ?? service.timeouts.connect;
    const Pool = cluster.protocol === 'http2' ? Http2Pool : Http1Pool;
    for (const endpoint of this.balancer.endpoints) this.#pools.set(endpoint, new Pool(this, endpoint, service));
  }

  /** A side for one exchange; undefined where the endpoint has as many connections as it may. `fresh`: none that served before. */
  origin(endpoint: ClusterEndpoint, fresh: boolean): OriginSide | undefined {
    return this.#pools.get(endpoint)!.origin(fresh);
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }
}
