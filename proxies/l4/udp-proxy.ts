/** One UDP listener and its sessions, one per client address and port. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { describeIntent } from '../config/describe.ts';
import { canonicalAddress } from '../config/ip-address.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { checkReload } from '../config/reload.ts';
import type { RunningProxy } from '../contract.ts';
import { tellFault } from '../platform/notices.ts';
import { lossesTo, openAccessLog, type AccessLog } from '../stats/access-log.ts';
import { startAdmin } from '../stats/admin.ts';
import { clusterEventsTo } from '../stats/cluster-log.ts';
import { REASONS, type Reason } from '../stats/reasons.ts';
import { Traffic, type ProxyStats } from '../stats/traffic.ts';
import { beginRouting, statsOf } from './l4-proxy.ts';
import { compileRouting, type L4Mode, type L4Routing } from './routing.ts';
import { UdpSession, type UdpFailure, type UdpSessionOwner } from './udp-session.ts';

class UdpProxy implements UdpSessionOwner {
  routing: L4Routing;
  draining = false;
  readonly #socket: Socket;
  readonly #log: AccessLog | undefined;
  readonly #sessions = new Map<string, UdpSession>();
  readonly #traffic: Traffic;
  #onIdle: (() => void) | undefined;

  constructor(socket: Socket, routing: L4Routing, log: AccessLog | undefined, traffic: Traffic) {
    this.#socket = socket;
    this.routing = routing;
    this.#log = log;
    this.#traffic = traffic;
    socket.on('message', (datagram, client) => {
      try {
        this.#onDatagram(datagram, client);
      } catch (error) {
        tellFault(error); // it costs this datagram
      }
    });
  }

  #onDatagram(datagram: Buffer, { address, port }: RemoteInfo): void {
    const key = `${address} ${port}`;
    const session = this.#sessions.get(key) ?? this.#open({ key, address, port });
    if (typeof session === 'string') {
      this.#traffic.errors++; // dropped, as UDP may be
      this.#traffic.because(session, () => `a datagram of ${key} is dropped`);
      return;
    }
    this.#traffic.requests++;
    this.#traffic.bytesReceived += datagram.length;
    session.endpoint.traffic.requests++;
    session.send(datagram);
  }

  /** A session, or why there is none. */
  #open(client: { key: string; address: string; port: number }): UdpSession | Reason {
    const { routing } = this;
    if (client.port === 0) return 'datagram_dropped'; // forged: no answer could be sent there
    if (this.draining) return 'datagram_dropped';
    if (this.#sessions.size >= routing.limits.udpSessions) return 'sessions_limit';
    // The socket needs its own form of it, whoever decides the canonical one.
    const source = canonicalAddress(client.address);
    if (routing.admits && !routing.admits(source)) return 'source_denied';
    const endpoint = routing.choose(undefined)?.cluster.balancer.pick(source);
    if (!endpoint) return 'no_endpoint';
    const session = new UdpSession(client, endpoint, routing.timeouts.udpSession, this);
    this.#sessions.set(client.key, session);
    this.#traffic.connections++;
    this.#traffic.active++;
    endpoint.active++;
    endpoint.traffic.connections++;
    return session;
  }

  reply(session: UdpSession, datagram: Buffer): void {
    this.#traffic.bytesSent += datagram.length;
    this.#socket.send(datagram, session.port, session.address);
  }

  onSessionEnd(session: UdpSession, failure: UdpFailure | undefined): void {
    const { endpoint, bytesReceived, bytesSent, dropped } = session;
    const micros = Math.round((performance.now() - session.startedAt) * 1000);
    this.#sessions.delete(session.key);
    this.#traffic.active--;
    this.#traffic.finished(micros);
    endpoint.active--;
    endpoint.traffic.bytesReceived += bytesReceived;
    endpoint.traffic.bytesSent += bytesSent;
    endpoint.traffic.finished(micros);
    const errors = Math.max(dropped, failure ? 1 : 0);
    this.#traffic.errors += errors;
    endpoint.traffic.errors += errors;
    if (errors > 0) {
      const { reason, error } = failure ?? {
        reason: 'datagram_dropped',
        error: 'too many before the socket was ready',
      };
      this.#traffic.because(
        reason,
        () => `${endpoint.host}:${endpoint.port} for ${session.key}: ${error}; ${dropped} datagram(s) dropped`,
      );
    }
    this.#log?.write({
      time: new Date().toISOString(),
      source: canonicalAddress(session.address),
      endpoint: `${endpoint.host}:${endpoint.port}`,
      micros,
      bytesReceived,
      bytesSent,
      error: failure?.error,
      reason: failure?.reason,
      flags: failure && REASONS[failure.reason],
    });
    if (this.#sessions.size === 0) this.#onIdle?.();
  }

  /** No new sessions; the old ones go on until they expire or the deadline comes. */
  async drain(deadlineMs: number): Promise<void> {
    this.draining = true;
    if (this.#sessions.size === 0) return;
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    const timer = setTimeout(() => this.endSessions(), deadlineMs);
    await idle;
    clearTimeout(timer);
  }

  endSessions(): void {
    for (const session of this.#sessions.values()) session.end(undefined);
  }

  stats(address: string): ProxyStats {
    return statsOf(address, this.#traffic, this.routing);
  }
}

/** Starts one event loop of a UDP proxy. Rejects with `IntentError` or the system's error. */
export async function startUdp(mode: L4Mode, intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy> {
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
  const { host, port } = intent.listener.address;
  const socket = createSocket({
    type: isIP(host) === 6 ? 'udp6' : 'udp4',
    reusePort: intent.listener.reusePort ?? false,
  });
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    const done = once(socket, 'close');
    socket.close();
    await done;
  };
  cleanup.defer(close);
  socket.bind({ port, address: host });
  await once(socket, 'listening', { signal });
  socket.on('error', () => {}); // a datagram that cannot be sent is lost, not the listener
  const proxy = new UdpProxy(socket, routing, log, traffic);
  const { address, port: bound } = socket.address();
  const stats = () => Promise.resolve(proxy.stats(`${address}:${bound}`));
  const admin = intent.admin && cleanup.use(await startAdmin(intent.admin, stats));
  signal.throwIfAborted();
  const scope = cleanup.move();
  return {
    address: { host: address, port: bound },
    ...(admin && { admin: admin.address }),
    pids: [process.pid],
    nativeConfig: describeIntent(intent),
    stats,
    async reload(next) {
      checkReload(next, intent, { host: address, port: bound });
      const following = compileRouting(next, mode, onEvent);
      following.start(routing);
      proxy.routing = routing = following;
    },
    async drain() {
      await proxy.drain(proxy.routing.timeouts.drain);
      await close();
    },
    async [Symbol.asyncDispose]() {
      proxy.draining = true;
      proxy.endSessions();
      await scope.disposeAsync();
    },
  };
}
