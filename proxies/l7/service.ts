/** An intent compiled for L7: what every exchange consults. A reload makes a new one; exchanges under way keep the old. */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { IntentError } from '../config/intent-error.ts';
import type { Endpoint, Limits, ProxyIntent, Timeouts } from '../config/intent.ts';
import { addressSet } from '../config/network.ts';
import { FilterChains } from '../filters/chains.ts';
import type { FilterDefinition } from '../filters/contract.ts';
import { FieldBlock, isFieldValue } from '../http/field-block.ts';
import { type Metadata, NO_VIA, viaOf } from '../http/forwarding.ts';
import { Head, type RequestHead } from '../http/head.ts';
import type { HeadRules } from '../http/request-head.ts';
import type { OnClusterEvent } from '../stats/cluster-events.ts';
import type { Reason } from '../stats/reasons.ts';
import type { Traffic } from '../stats/traffic.ts';
import { type Dial, dialPlain, dialTls } from './dial.ts';
import { OwnConnections } from './own-connections.ts';
import { createRouter, type Router } from './router.ts';
import { Upstream } from './upstream.ts';

/** What is told of an exchange when it is over; for statistics and access logs. */
export interface ExchangeRecord {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly client: string;
  readonly cluster: string | undefined;
  readonly endpoint: ClusterEndpoint | undefined;
  /** How often it was sent to an origin. */
  readonly tries: number;
  /** 0: none was sent, the client went away. */
  readonly status: number;
  readonly aborted: boolean;
  /** Why it did not go as it should. */
  readonly reason: Reason | undefined;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds. */
  readonly duration: number;
}

export interface Observer {
  onRequestDone(record: ExchangeRecord): void;
}

export interface ServiceOptions {
  /** Counts and tells why requests fail; nobody is told by default. */
  readonly reasons?: Pick<Traffic, 'because'>;
  /** In place of the intent's routes. */
  readonly router?: (service: Service) => Router<Upstream>;
  /** In place of those that the registry lists. */
  readonly filters?: readonly FilterDefinition<unknown>[];
  /** Every cluster is reached by TLS, not only those that say so. */
  readonly reencrypts?: boolean;
  /** In place of connections over a network; for who measures all that lies between them. */
  readonly dial?: Dial;
  /** Absent: nothing is recorded, at no cost. */
  readonly observer?: Observer;
  /** Outlives a reload. */
  readonly own?: OwnConnections;
  /** Told of what policies of clusters do. */
  readonly onClusterEvent?: OnClusterEvent;
}

const AUTO_NEEDS_TLS =
  'auto is agreed on over TLS, which this cluster has none of: in the clear expected http1 or http2';

export class Service {
  readonly intent: ProxyIntent;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly headRules: HeadRules;
  readonly filters: FilterChains;
  readonly router: Router<Upstream>;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly observer: Observer | undefined;
  readonly own: OwnConnections;
  readonly onClusterEvent: OnClusterEvent | undefined;
  /** Host sent for HTTP/1.0 clients that name none. */
  readonly defaultHost: string;
  /** Heads are read within one delivery, so one table each serves all connections. Who needs one for longer puts another in its place. */
  requestHead: Head;
  readonly responseHead: Head;
  readonly #trusted: ((address: string) => boolean) | undefined;
  readonly #reasons: Pick<Traffic, 'because'> | undefined;

  /** Throws `IntentError`. */
  constructor(intent: ProxyIntent, options: ServiceOptions = {}) {
    this.intent = intent;
    this.limits = limitsOf(intent);
    this.timeouts = timeoutsOf(intent);
    const { escapedSlashes = 'keep' } = intent;
    this.headRules = { ...this.limits, escapedSlashes };
    this.requestHead = new Head(this.limits.headerCount);
    this.responseHead = new Head(this.limits.headerCount);
    this.defaultHost = hostOf(intent.listener.address);
    this.observer = options.observer;
    this.own = options.own ?? new OwnConnections();
    this.onClusterEvent = options.onClusterEvent;
    this.#reasons = options.reasons;
    this.upstreams = new Map(
      intent.clusters.map((cluster, index) => {
        const tls = cluster.tls ?? (options.reencrypts ? {} : undefined);
        if (cluster.protocol === 'auto' && tls === undefined)
          throw new IntentError([{ path: `clusters[${index}].protocol`, message: AUTO_NEEDS_TLS }]);
        const dial = options.dial ?? (tls ? dialTls(tls, cluster.protocol) : dialPlain);
        return [cluster.name, new Upstream(cluster, dial, this, tls !== undefined)];
      }),
    );
    const resolve = (name: string): Upstream => {
      const upstream = this.upstreams.get(name);
      if (upstream === undefined) throw new TypeError(`no cluster is called "${name}"`);
      return upstream;
    };
    try {
      this.filters = new FilterChains(intent, this, options.filters);
      this.router =
        options.router?.(this) ??
        createRouter(intent.routes, intent.defaultCluster, resolve, {
          secure: intent.listener.tls !== undefined,
          filtersOf: (route, path) => this.filters.of(route, path),
        });
      const via = intent.forwarding?.via;
      if (via !== undefined && !isFieldValue(via)) throw new TypeError(`via: "${via}" is no pseudonym`);
      this.#trusted = addressSet(intent.forwarding?.trustedPeers ?? []);
    } catch (error) {
      if (error instanceof IntentError) throw error;
      throw new IntentError([{ path: 'routes', message: (error as Error).message }]);
    }
  }

  detach(head: RequestHead, end: number): number {
    if (head === this.requestHead) this.requestHead = new Head(this.limits.headerCount);
    return head.detach(end);
  }

  /** Something went other than it should. `detail`: whom it concerned. */
  because(reason: Reason, detail: () => string): void {
    this.#reasons?.because(reason, detail);
  }

  /** A request whose head cannot be accepted: there is no exchange, yet it is counted and logged as one. */
  onRefusedHead(client: string, status: number, reason: Reason): void {
    this.because(reason, () => `status ${status}, client ${client}: its request head is refused`);
    this.observer?.onRequestDone({
      method: '',
      target: '',
      authority: '',
      client,
      cluster: undefined,
      endpoint: undefined,
      tries: 0,
      status,
      aborted: false,
      reason,
      requestBytes: 0,
      responseBytes: 0,
      duration: 0,
    });
  }

  /** What is said to origins about a client. */
  metadata(address: string, secure: boolean): Metadata {
    const { xForwardedFor = true, forwarded = false, via } = this.intent.forwarding ?? {};
    return {
      xForwardedFor,
      forwarded,
      via: via === undefined ? NO_VIA : viaOf(via),
      address,
      secure,
      trusted: this.#trusted?.(address) ?? false,
      fields: new FieldBlock(`X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${secure ? 'https' : 'http'}\r\n`),
      last: undefined,
    };
  }

  /** Policies of clusters begin, with what is known under `previous`, which is to be closed then. */
  start(previous?: Service): void {
    for (const [name, upstream] of this.upstreams) upstream.start(previous?.upstreams.get(name));
  }

  /** Idle upstream connections are closed at once, the others after their exchange. */
  close(): void {
    this.router.close?.();
    this.filters.close();
    for (const upstream of this.upstreams.values()) upstream.close();
  }
}

function hostOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
