/** The listener of an L7 proxy, its connections, and the service they fall under. */
import type { Endpoint } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { checkReload } from '../config/reload.ts';
import { delayed } from '../net/delayed-wire.ts';
import type { ListenOptions, Wire, WireListener } from '../net/wire.ts';
import { listenWires } from '../net/listen.ts';
import { describeIntent } from '../config/describe.ts';
import { lossesTo, openAccessLog } from '../stats/access-log.ts';
import { startAdmin } from '../stats/admin.ts';
import { clusterEventsTo } from '../stats/cluster-log.ts';
import type { Reason } from '../stats/reasons.ts';
import { type ProxyStats, Traffic } from '../stats/traffic.ts';
import type { Accepted, Owner } from './accepted.ts';
import { AnnouncedClient, type AnnouncedOwner } from './announced-client.ts';
import { ClientConnection } from './client-connection.ts';
import { ExchangeLog } from './exchange-log.ts';
import { Http2ClientConnection } from './http2-client-connection.ts';
import { checkOffered, type Offered } from './offered.ts';
import { OwnConnections } from './own-connections.ts';
import { Service, type ServiceOptions } from './service.ts';

/**
 * Listens for wires; TLS termination is another one of these. It tells the client's address where that is not the wire's.
 */
type Listen = (
  address: Endpoint,
  onWire: (wire: Wire, address?: string) => void,
  options: Required<Pick<ListenOptions, 'connections' | 'reusePort' | 'onRefused'>>,
) => Promise<WireListener>;

class Server implements Owner, AnnouncedOwner {
  service: Service;
  draining = false;
  readonly secure: boolean;
  readonly traffic: Traffic;
  readonly #connections = new Set<Accepted>();
  #emptied: (() => void) | undefined;

  constructor(service: Service, secure: boolean, traffic: Traffic) {
    this.service = service;
    this.traffic = traffic;
    this.secure = secure;
  }

  get active(): number {
    return this.#connections.size;
  }

  accept(wire: Wire, address = wire.remoteAddress): void {
    this.traffic.connections += 1;
    this.traffic.active += 1;
    const { intent, timeouts } = this.service;
    if (address === '') {
      // Reset before it was accepted: nobody can be told of it any more, and no rule could judge it.
      wire.handler = { onData() {}, onEnd() {}, onDrain() {}, onClose: () => void this.traffic.active-- };
      this.traffic.because('client_closed', () => '');
      wire.destroy();
      return;
    }
    // Over TLS the header comes before the handshake: the listener has read it.
    const awaitsHeader = intent.listener.proxyProtocol === true && !this.secure;
    this.#connections.add(
      awaitsHeader
        ? new AnnouncedClient(wire, timeouts.requestHead, this)
        : wire.protocol === 'h2'
          ? new Http2ClientConnection(wire, address, this)
          : new ClientConnection(wire, address, this),
    );
  }

  prefaced(connection: Accepted, wire: Wire, address: string, early: Buffer): void {
    this.#connections.delete(connection);
    this.#connections.add(new Http2ClientConnection(wire, address, this, early));
  }

  announced(client: AnnouncedClient, wire: Wire, address: string, rest: Buffer): void {
    this.#connections.delete(client);
    const connection = new ClientConnection(wire, address, this);
    this.#connections.add(connection);
    if (rest.length > 0) connection.onData(rest);
  }

  refused(reason: Reason, address: string): void {
    this.service.because(reason, () => `client ${address}`);
  }

  closed(connection: Accepted): void {
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
    const timer = setTimeout(() => this.destroy('proxy_stopped'), deadline);
    await promise;
    clearTimeout(timer);
  }

  destroy(reason: Reason): void {
    for (const connection of this.#connections) connection.destroy(reason);
  }

  stats({ host, port }: Endpoint): ProxyStats {
    return {
      listener: { address: `${host}:${port}`, traffic: this.traffic.snapshot() },
      clusters: [...this.service.upstreams.values()].map(({ cluster }) => cluster.stats),
    };
  }
}

export interface ServerOptions extends ServiceOptions {
  readonly offered: Offered;
  readonly listen?: Listen;
  /** Called before a new intent takes effect; throws `IntentError` to refuse it. */
  readonly onReload?: (intent: ProxyIntent) => void;
}

/** Starts policies, and waits until each cluster has endpoints, or discovery has failed to find any. */
async function begin(service: Service, signal: AbortSignal): Promise<void> {
  service.start();
  const clusters = [...service.upstreams.values()].map(({ cluster }) => cluster);
  await Promise.all(clusters.filter(({ intent }) => intent.endpoints.length === 0).map(({ discovered }) => discovered));
  signal.throwIfAborted();
}

/** Starts the common part of all L7 references. */
export async function startServer(
  intent: ProxyIntent,
  options: ServerOptions,
  signal: AbortSignal,
): Promise<RunningProxy> {
  signal.throwIfAborted();
  const { offered } = options;
  checkOffered(intent, offered);
  await using cleanup = new AsyncDisposableStack();
  const traffic = new Traffic();
  const log =
    intent.accessLog === undefined ? undefined : cleanup.use(await openAccessLog(intent.accessLog, lossesTo(traffic)));
  // Exchanges are counted where somebody will ask; otherwise they cost nothing.
  const observed = log !== undefined || intent.admin !== undefined || intent.stats === true;
  const own = new OwnConnections();
  const serviceOptions: ServiceOptions = {
    ...options,
    reencrypts: offered.reencrypts,
    own,
    reasons: traffic,
    onClusterEvent: clusterEventsTo(log),
    ...(observed && { observer: new ExchangeLog(traffic, log) }),
  };
  const server = new Server(new Service(intent, serviceOptions), offered.termination, traffic);
  cleanup.defer(() => server.service.close());
  await begin(server.service, signal);
  const listen: Listen = options.listen ?? listenWires;
  const accept = (wire: Wire, address = wire.remoteAddress): void =>
    server.accept(delayed(wire, intent.fault), address);
  const listener = await listen(intent.listener.address, accept, {
    connections: server.service.limits.connections,
    reusePort: intent.listener.reusePort === true,
    onRefused: (reason, client, detail) => traffic.because(reason, () => (client ? `client ${client}: ` : '') + detail),
  });
  own.port = listener.address.port;
  cleanup.defer(async () => {
    server.destroy('proxy_stopped');
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
      checkOffered(next, offered);
      const service = new Service(next, serviceOptions);
      options.onReload?.(next);
      const old = server.service;
      service.start(old);
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
