/** What `l4-tcp` and `l4-sni` share: one listener, its sessions, and their end. */
import { describeIntent } from '../config/describe.ts';
import { checkReload } from '../config/reload.ts';
import type { ProxyIntent } from '../config/intent.ts';
import type { RunningProxy } from '../contract.ts';
import type { Wire, WireListener } from '../net/wire.ts';
import { listenWires } from '../net/listen.ts';
import { lossesTo, openAccessLog, type AccessLog } from '../stats/access-log.ts';
import { startAdmin, type Admin } from '../stats/admin.ts';
import { clusterEventsTo } from '../stats/cluster-log.ts';
import { REASONS, type Reason } from '../stats/reasons.ts';
import { Traffic, type ProxyStats } from '../stats/traffic.ts';
import { compileRouting, type L4Mode, type L4Routing } from './routing.ts';
import { Session, type SessionOwner } from './session.ts';

class L4Proxy implements SessionOwner {
  readonly sni: boolean;
  routing: L4Routing;
  readonly #log: AccessLog | undefined;
  readonly #sessions = new Set<Session>();
  readonly #traffic: Traffic;
  #onIdle: (() => void) | undefined;

  constructor(mode: L4Mode, routing: L4Routing, log: AccessLog | undefined, traffic: Traffic) {
    this.#traffic = traffic;
    this.sni = mode.sni;
    this.routing = routing;
    this.#log = log;
  }

  accept(wire: Wire): void {
    this.#traffic.connections++;
    this.#traffic.active++;
    const session = new Session(wire, this.routing, this);
    this.#sessions.add(session);
    session.start();
  }

  onSessionEnd(session: Session, error: string | undefined): void {
    const traffic = this.#traffic;
    const micros = Math.round((performance.now() - session.startedAt) * 1000);
    traffic.active--;
    traffic.bytesReceived += session.bytesReceived;
    traffic.bytesSent += session.bytesSent;
    traffic.finished(micros);
    if (error !== undefined) traffic.errors++;
    if (session.reason !== undefined) traffic.because(session.reason, () => describeEnd(session, error));
    this.#sessions.delete(session);
    if (this.#log) this.#log.write(accessRecord(session, micros, error));
    if (this.#sessions.size === 0) this.#onIdle?.();
  }

  /** Resolves when the last session ended by itself, or was ended at the deadline. */
  async finish(deadlineMs: number): Promise<void> {
    if (this.#sessions.size === 0) return;
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    const timer = setTimeout(() => this.destroySessions('proxy_stopped'), deadlineMs);
    await idle;
    clearTimeout(timer);
  }

  destroySessions(reason?: Reason): void {
    for (const session of this.#sessions) session.destroy(reason);
  }

  stats(address: string): ProxyStats {
    return statsOf(address, this.#traffic, this.routing);
  }
}

/** The figures of a listener and of every endpoint behind it. */
export function statsOf(address: string, traffic: Traffic, routing: L4Routing): ProxyStats {
  const clusters = [...routing.upstreams.values()].map(({ cluster }) => cluster.stats);
  return { listener: { address, traffic: traffic.snapshot() }, clusters };
}

function describeEnd({ endpoint, sourceAddress }: Session, error: string | undefined): string {
  const parties = [
    sourceAddress && `client ${sourceAddress}`,
    endpoint && `endpoint ${endpoint.host}:${endpoint.port}`,
  ];
  return `${parties.filter(Boolean).join(', ')}${error === undefined ? '' : `: ${error}`}`;
}

function accessRecord(session: Session, micros: number, error: string | undefined): object {
  const { endpoint, cluster, bytesReceived, bytesSent } = session;
  return {
    time: new Date().toISOString(),
    source: session.sourceAddress,
    cluster,
    endpoint: endpoint && `${endpoint.host}:${endpoint.port}`,
    micros,
    bytesReceived,
    bytesSent,
    error,
    reason: session.reason,
    flags: session.reason && REASONS[session.reason],
  };
}

/** Starts the policies of its clusters, and waits until each has endpoints, or discovery has failed to find any. */
export async function beginRouting(routing: L4Routing, signal: AbortSignal): Promise<void> {
  routing.start();
  const clusters = [...routing.upstreams.values()].map(({ cluster }) => cluster);
  await Promise.all(clusters.filter(({ intent }) => intent.endpoints.length === 0).map(({ discovered }) => discovered));
  signal.throwIfAborted();
}

/** Starts one event loop of an L4 proxy. Rejects with `IntentError` or the system's error. */
export async function startL4(mode: L4Mode, intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy> {
  signal.throwIfAborted();
  compileRouting(intent, mode); // what is wrong with it comes before anything else
  await using cleanup = new AsyncDisposableStack();
  const traffic = new Traffic();
  const log =
    intent.accessLog === undefined ? undefined : cleanup.use(await openAccessLog(intent.accessLog, lossesTo(traffic)));
  const onEvent = clusterEventsTo(log);
  let routing = compileRouting(intent, mode, onEvent);
  cleanup.defer(() => routing.close());
  await beginRouting(routing, signal);
  const proxy = new L4Proxy(mode, routing, log, traffic);
  const { reusePort = false } = intent.listener;
  const listener: WireListener = cleanup.use(
    await listenWires(intent.listener.address, (wire) => proxy.accept(wire), {
      reusePort,
      connections: routing.limits.connections,
      onRefused: (reason, _client, detail) => traffic.because(reason, () => detail),
    }),
  );
  const address = `${listener.address.host}:${listener.address.port}`;
  const stats = () => Promise.resolve(proxy.stats(address));
  const admin: Admin | undefined = intent.admin && cleanup.use(await startAdmin(intent.admin, stats));
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
      const following = compileRouting(next, mode, onEvent);
      following.start(routing);
      proxy.routing = routing = following;
    },
    async drain() {
      await listener.close();
      await proxy.finish(proxy.routing.timeouts.drain);
    },
    async [Symbol.asyncDispose]() {
      await listener.close();
      const ended = proxy.finish(0);
      proxy.destroySessions();
      await ended;
      await scope.disposeAsync();
    },
  };
}
