/** Connections to one endpoint that wait for their next request: the most recently used goes first, so that the rest can age. */
export interface Pooled {
  /** Close it now; it serves nobody. */
  discard(): void;
  /** Its place among the idle, -1 while it is in use; kept by the pool. */
  idleIndex: number;
}

export interface PoolLimits {
  readonly upstreamIdlePerEndpoint: number;
  readonly upstreamPerEndpoint: number;
}

export class ConnectionPool<C extends Pooled> {
  /** Open and opening connections, idle ones included. */
  open = 0;
  readonly #idle: C[] = [];
  readonly #limits: PoolLimits;
  #closed = false;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get full(): boolean {
    return this.open >= this.#limits.upstreamPerEndpoint;
  }

  take(): C | undefined {
    const connection = this.#idle.pop();
    if (connection !== undefined) connection.idleIndex = -1;
    return connection;
  }

  give(connection: C): void {
    if (this.#closed || this.#idle.length >= this.#limits.upstreamIdlePerEndpoint) {
      connection.discard();
      return;
    }
    connection.idleIndex = this.#idle.length;
    this.#idle.push(connection);
  }

  /** An idle connection closed by itself. The order of the others hardly matters: the last takes its place. */
  remove(connection: C): void {
    const at = connection.idleIndex;
    if (at === -1) return;
    const last = this.#idle.pop()!;
    if (last !== connection) {
      this.#idle[at] = last;
      last.idleIndex = at;
    }
    connection.idleIndex = -1;
  }

  /** Idle connections are closed, those in use when they are given back. */
  close(): void {
    this.#closed = true;
    for (let connection = this.take(); connection !== undefined; connection = this.take()) connection.discard();
  }
}
