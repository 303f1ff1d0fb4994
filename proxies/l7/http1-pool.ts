/** The HTTP/1.1 connections to one endpoint. */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { ConnectionPool } from '../cluster/pool.ts';
import { OriginConnection, type OriginPath, type OriginService } from './origin-connection.ts';
import type { OriginSide } from './sides.ts';

export class Http1Pool {
  readonly #pool: ConnectionPool<OriginConnection>;
  readonly #path: OriginPath;
  readonly #endpoint: ClusterEndpoint;
  readonly #service: OriginService;

  constructor(path: OriginPath, endpoint: ClusterEndpoint, service: OriginService) {
    this.#pool = new ConnectionPool(service.limits);
    this.#path = path;
    this.#endpoint = endpoint;
    this.#service = service;
  }

  origin(fresh: boolean): OriginSide | undefined {
    const waiting = fresh ? undefined : this.#pool.take();
    if (waiting !== undefined || this.#pool.full) return waiting;
    return new OriginConnection(this.#pool, this.#path, this.#endpoint, this.#service);
  }

  close(): void {
    this.#pool.close();
  }
}
