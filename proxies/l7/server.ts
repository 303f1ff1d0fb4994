/** The listener of an L7 proxy, its connections, and the service they fall under. */
import type { Endpoint } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { checkReload } from '../config/reload.ts';
import { listenWires, type Wire, type WireListener } from '../net/wire.ts';
import { endpointStats } from '../cluster/balancer.ts';
import { describeIntent } from '../config/describe.ts';
import { openAccessLog } from '../stats/access-log.ts';
import { startAdmin } from '../stats/admin.ts';
import { clusterStats, type ProxyStats, Traffic } from '../stats/traffic.ts';
import { ClientConnection, type Owner } from './client-connection.ts';
import { ExchangeLog } from './exchange-log.ts';
import { Service, type ServiceOptions } from './service.ts';

/** Listens for wires; TLS termination is another one of these. */
type Listen = (
  address: Endpoint,
  onWire: (wire: Wire) => void,
  options: { readonly connections: number; readonly reusePort: boolean },
) => Promise<WireListener>;

class Server implements Owner {
  service: Service;
  draining = false;
  readonly secure: boolean;
  readonly traffic: Traffic;
  readonly #connections = new Set<ClientConnection>();
  #emptied: (() => void) | undefined;

  constructor(service: Service, secure: boolean, traffic: Traffic) {
    this.service = service;
    this.traffic = traffic;
    this.secure = secure;
  }

  get active(): number {
    return this.#connections.size;
  }

  accept(wire: Wire): void {
    this.traffic.connections += 1;
    this.traffic.active += 1;
    this.#connections.add(new ClientConnection(wire, this));
  }

  closed(connection: ClientConnection): void {
    if (this.#connections.delete(connection)) this.traffic.active -= 1;
    if (this.#connections.size === 0) this.#emptied?.();
  }

  /** Resolves when all connections are closed; after `deadline` ms they are, whatever they do. */
  async drain(deadline: number): Promise<void> {
    this.draining = true;
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(() => this.destroy(), deadline);
    await promise;
    clearTimeout(timer);
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  stats({ host, port }: Endpoint): ProxyStats {
    return {
      listener: { address: `${host}:${port}`, traffic: this.traffic.snapshot() },
      clusters: [...this.service.upstreams.values()].map(({ name, balancer }) =>
        clusterStats(name, balancer.endpoints.map(endpointStats)),
      ),
    };
  }
}

export interface ServerOptions extends ServiceOptions {
  readonly secure?: boolean;
  readonly listen?: Listen;
  /** Called before a new intent takes effect; throws `IntentError` to refuse it. */
  readonly onReload?: (intent: ProxyIntent) => void;
}

/** Starts the common part of all L7 references. */
export async function startServer(
  intent: ProxyIntent,
  options: ServerOptions,
  signal: AbortSignal,
): Promise<RunningProxy> {
  signal.throwIfAborted();
  const { host, port } = intent.listener.address;
  await using cleanup = new AsyncDisposableStack();
  const log = intent.accessLog === undefined ? undefined : cleanup.use(await openAccessLog(intent.accessLog));
  const traffic = new Traffic();
  // Exchanges are counted where somebody will ask; otherwise they cost nothing.
  const observed = log !== undefined || intent.admin !== undefined || intent.stats === true;
  const serviceOptions: ServiceOptions = { ...options, ...(observed && { observer: new ExchangeLog(traffic, log) }) };
  const server = new Server(new Service(intent, `${host}:${port}`, serviceOptions), options.secure === true, traffic);
  const listener = await (options.listen ?? listenWires)(intent.listener.address, (wire) => server.accept(wire), {
    connections: server.service.limits.connections,
    reusePort: intent.listener.reusePort === true,
  });
  cleanup.defer(async () => {
    server.destroy();
    server.service.close();
    await listener.close();
  });
  const stats = () => Promise.resolve(server.stats(listener.address));
  const admin = intent.admin && cleanup.use(await startAdmin(intent.admin, stats));
  signal.throwIfAborted();
  const scope = cleanup.move();
  return {
    address: listener.address,
    ...(admin && { admin: admin.address }),
    pids: [process.pid],
    nativeConfig: describeIntent(intent),
    stats,
    async reload(next) {
      checkReload(next, intent, listener.address);
      const { address } = next.listener;
      const service = new Service(next, `${address.host}:${address.port}`, serviceOptions);
      options.onReload?.(next);
      const old = server.service;
      server.service = service;
      old.close();
    },
    async drain() {
      await listener.close();
      await server.drain(server.service.timeouts.drain);
      server.service.close();
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}
