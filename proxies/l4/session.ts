/**
 * One client's connection through L4: who it is (PROXY protocol), where it wants to go (ClientHello), an endpoint that takes it, then
 * a relay. Nothing is forwarded before an endpoint took the connection, so another may be tried until then.
 */
import type { CircuitBreaker } from '../cluster/circuit-breaker.ts';
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { parseClientHello, type ClientHello } from '../net/client-hello.ts';
import type { Parsed } from '../net/parsed.ts';
import { parseProxyHeader, writeProxyHeader, type ProxyAddresses } from '../net/proxy-protocol.ts';
import { Relay, type RelayOwner } from '../net/relay.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { Connecting, ConnectHandler, Wire } from '../net/wire.ts';
import { connectWire } from '../net/connect.ts';
import { connectReason, type Reason } from '../stats/reasons.ts';
import type { L4Routing, Upstream } from './routing.ts';

export interface SessionOwner {
  readonly sni: boolean;
  /** The session is over; once, last. `error` says what ended it other than both sides' FIN. */
  onSessionEnd(session: Session, error: string | undefined): void;
}

/** What a client may send ahead while no endpoint has taken the connection; the rest stays with the kernel. */
const MAX_HELD = 65_536;

/** unrecognized_name (RFC 6066 §3): what a TLS client without a route is told before it is closed. */
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

const RELAY_REASONS = {
  downstream: 'client_reset',
  upstream: 'upstream_reset',
  idle: 'idle_timeout',
} as const satisfies Record<NonNullable<Relay['cause']>, Reason>;

const ownAddresses = (client: Wire): ProxyAddresses => ({
  sourceAddress: client.remoteAddress,
  sourcePort: client.remotePort,
  destinationAddress: client.localAddress,
  destinationPort: client.localPort,
});

export class Session implements ConnectHandler, RelayOwner, TimerOwner {
  readonly startedAt = performance.now();
  readonly #owner: SessionOwner;
  readonly #routing: L4Routing;
  readonly #client: Wire;
  /** What was read to learn who and where, and is not forwarded yet. */
  #held: Buffer | undefined;
  #ended = false;
  #need = 1;
  #awaits: 'proxy-header' | 'client-hello' | undefined;
  #timer: Timer | undefined;
  #told: ProxyAddresses | undefined;
  /** The connection's own, kept from its start: a connection that is gone tells none. */
  #own: ProxyAddresses | undefined;
  #upstream: Upstream | undefined;
  #tried: Set<ClusterEndpoint> | undefined;
  /** Why the last of them did not take the connection. */
  #failure: Reason | undefined;
  #connecting: Connecting | undefined;
  #relay: Relay | undefined;
  /** What ended it other than both sides' FIN. */
  reason: Reason | undefined;
  #said: string | undefined;
  /** The one that serves it, or was tried last. */
  endpoint: ClusterEndpoint | undefined;
  #counted = false;
  /** Whose bounds it counts for. */
  #breaker: CircuitBreaker | undefined;
  #isPending = false;

  constructor(client: Wire, routing: L4Routing, owner: SessionOwner) {
    this.#client = client;
    this.#routing = routing;
    this.#owner = owner;
    client.handler = this;
  }

  start(): void {
    if (this.#routing.identifies) {
      this.#own = ownAddresses(this.#client);
      if (this.#own.sourceAddress === '') return this.#refuse('client_closed', 'gone before it was accepted');
    }
    // With a PROXY header the rules concern the client it names, which is known later.
    const { proxyProtocol } = this.#routing.intent.listener;
    if (!proxyProtocol && !this.#isAdmitted()) return this.#refuse('source_denied', 'source not allowed');
    this.#awaits = proxyProtocol ? 'proxy-header' : this.#owner.sni ? 'client-hello' : undefined;
    if (this.#awaits === undefined) return this.#choose(undefined);
    this.#timer = new Timer(this);
    this.#timer.arm(this.#routing.timeouts.clientHello);
    this.#client.resume();
  }

  get sourceAddress(): string {
    return (this.#told ?? this.#own)?.sourceAddress ?? this.#client.remoteAddress;
  }

  get cluster(): string | undefined {
    return this.#upstream?.cluster.name;
  }

  get bytesReceived(): number {
    return this.#relay?.bytesReceived ?? 0;
  }

  get bytesSent(): number {
    return this.#relay?.bytesSent ?? 0;
  }

  /** Ends it at once. `reason`: of that, unless it was ending already. */
  destroy(reason?: Reason): void {
    this.reason ??= reason;
    if (this.#relay) this.#relay.destroy();
    else this.#client.destroy();
  }

  // The client, until the relay takes over.

  onData(chunk: Buffer): void {
    this.#held = this.#held ? Buffer.concat([this.#held, chunk]) : Buffer.from(chunk);
    while (this.#awaits !== undefined && this.#held !== undefined && this.#held.length >= this.#need) {
      if (this.#awaits === 'proxy-header') this.#readProxyHeader(this.#held);
      else this.#readHello(this.#held);
    }
    if (this.#awaits === undefined && (this.#held?.length ?? 0) >= MAX_HELD) this.#client.pause();
  }

  onEnd(): void {
    if (this.#awaits !== undefined) this.#refuse('client_closed', 'ended before it said where to go');
    else this.#ended = true; // the endpoint will be told
  }

  onTimeout(): void {
    const waited = `no complete ${this.#awaits} within ${this.#routing.timeouts.clientHello} ms`;
    this.#refuse(this.#awaits === 'proxy-header' ? 'proxy_header_malformed' : 'client_hello_timeout', waited);
  }

  onDrain(): void {}

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#timer?.release();
    this.#connecting?.abandon();
    this.#leaveEndpoint();
    this.#leaveCluster();
    if (error !== undefined) this.reason ??= 'client_reset';
    this.#owner.onSessionEnd(this, this.#said ?? error?.code ?? error?.message);
  }

  #refuse(reason: Reason, said: string): void {
    this.reason ??= reason;
    this.#said ??= said;
    this.#own ??= ownAddresses(this.#client);
    this.#awaits = undefined;
    this.#client.reset();
  }

  #isAdmitted(): boolean {
    return this.#routing.admits?.(this.sourceAddress) ?? true;
  }

  /** Undefined: more bytes are needed, or there is no sense in these and the client was refused. */
  #take<T>(parsed: Parsed<T>): T | undefined {
    if (parsed.kind === 'done') {
      this.#need = 1;
      return parsed.value;
    }
    if (parsed.kind === 'more') this.#need = parsed.need;
    else {
      const reason = this.#awaits === 'proxy-header' ? 'proxy_header_malformed' : 'client_hello_malformed';
      this.#refuse(reason, `${this.#awaits}: ${parsed.reason}`);
    }
    return undefined;
  }

  #readProxyHeader(bytes: Buffer): void {
    const parsed = parseProxyHeader(bytes);
    const header = this.#take(parsed);
    if (!header || parsed.kind !== 'done') return;
    this.#told = header.addresses;
    this.#held = parsed.length < bytes.length ? bytes.subarray(parsed.length) : undefined;
    if (!this.#isAdmitted()) return this.#refuse('source_denied', 'source not allowed');
    if (this.#owner.sni) this.#awaits = 'client-hello';
    else this.#choose(undefined);
  }

  #readHello(bytes: Buffer): void {
    const hello = this.#take(parseClientHello(bytes));
    if (hello) this.#choose(hello);
  }

  #choose(hello: ClientHello | undefined): void {
    this.#awaits = undefined;
    this.#timer?.release();
    this.#client.resume(); // who leaves while we connect is noticed
    this.#upstream = this.#routing.choose(hello);
    if (this.#upstream) return this.#enter(this.#upstream);
    this.reason = 'no_route';
    this.#said = `no route for ${hello?.serverName ?? 'a client without server name'}`;
    this.#client.write(unrecognizedName);
    return this.#client.destroy();
  }

  /** Takes its place below the bounds of the cluster, if there is one. */
  #enter(upstream: Upstream): void {
    const { breaker } = upstream.cluster;
    if (breaker === undefined) return this.#dial(upstream);
    const isRefused = !breaker.connections.take();
    if (isRefused || !breaker.pending.take()) {
      if (!isRefused) breaker.connections.give();
      upstream.cluster.count('refused');
      return this.#refuse('upstream_overflow', `a bound of cluster ${upstream.cluster.name} is reached`);
    }
    this.#breaker = breaker;
    this.#isPending = true;
    return this.#dial(upstream);
  }

  #leavePending(): void {
    if (this.#isPending) this.#breaker!.pending.give();
    this.#isPending = false;
  }

  #leaveCluster(): void {
    this.#leavePending();
    this.#breaker?.connections.give();
    this.#breaker = undefined;
  }

  #dial(upstream: Upstream): void {
    const { cluster } = upstream;
    const key = cluster.intent.policy === 'source-ip' ? this.sourceAddress : undefined;
    const endpoint = cluster.balancer.pick(key, this.#tried);
    if (!endpoint) return this.#refuse(this.#failure ?? 'no_endpoint', 'no endpoint took the connection');
    if (this.#tried) cluster.count('retried');
    this.endpoint = endpoint;
    endpoint.active++;
    this.#counted = true;
    endpoint.traffic.connections++;
    this.#connecting = connectWire(endpoint, this, { timeout: upstream.connectTimeout });
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#failure = connectReason(error);
    this.endpoint!.traffic.errors++;
    this.#upstream!.cluster.ejection?.failed(this.endpoint!, error.message);
    (this.#tried ??= new Set()).add(this.endpoint!);
    this.#leaveEndpoint();
    this.#connecting = undefined;
    this.#dial(this.#upstream!);
  }

  onConnect(wire: Wire): void {
    this.#connecting = undefined;
    this.#tried = undefined;
    this.#leavePending();
    const { intent, ejection } = this.#upstream!.cluster;
    ejection?.succeeded(this.endpoint!);
    const version = intent.proxyProtocol;
    if (version) wire.write(writeProxyHeader(version, this.#told ?? this.#own));
    const { tunnelIdle, halfClosed } = this.#routing.timeouts;
    const early = { bytes: this.#held, ended: this.#ended };
    this.#held = undefined;
    this.#relay = new Relay(
      { downstream: this.#client, upstream: wire },
      { idle: tunnelIdle, halfClosed },
      this,
      early,
    );
  }

  onRelayClosed(relay: Relay, error: NodeJS.ErrnoException | undefined): void {
    const { traffic } = this.endpoint!;
    traffic.bytesReceived += relay.bytesReceived;
    traffic.bytesSent += relay.bytesSent;
    traffic.finished(Math.round((performance.now() - this.startedAt) * 1000));
    if (error) traffic.errors++;
    this.#leaveEndpoint();
    this.#leaveCluster();
    if (relay.cause !== undefined) this.reason ??= RELAY_REASONS[relay.cause];
    this.#owner.onSessionEnd(this, error?.code ?? error?.message);
  }

  #leaveEndpoint(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.endpoint!.active--;
  }
}
