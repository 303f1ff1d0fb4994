/** Routing of a forward proxy: every request says itself where it wants to go. */
import type { Chain } from '../filters/chains.ts';
import { compileEdits } from '../http/edits.ts';
import { CONNECT, type RequestHead } from '../http/head.ts';
import { connectWire } from '../net/connect.ts';
import type { Reason } from '../stats/reasons.ts';
import type { Dial } from './dial.ts';
import { compileForwardRules, type Destinations, splitPort } from './forward-rules.ts';
import type { Decision, Router } from './router.ts';
import type { Service } from './service.ts';
import { Upstream } from './upstream.ts';

/** Origins whose connections are kept; the least recently used is forgotten. */
const KEPT_ORIGINS = 1_024;
/** Credentials for us go no further (RFC 9110 §11.7.2). */
const WITHOUT_CREDENTIALS = compileEdits([{ op: 'remove', name: 'Proxy-Authorization' }])!;

export class ForwardRouter implements Router<Upstream> {
  readonly #rules: Destinations;
  readonly #service: Service;
  readonly #filters: Chain | undefined;
  readonly #origins = new Map<string, Upstream>();

  /** Throws `TypeError` for a rule that is none. */
  constructor(service: Service) {
    this.#rules = compileForwardRules(service.intent.forward);
    this.#service = service;
    this.#filters = service.filters.of();
  }

  route(head: RequestHead): Decision<Upstream> {
    const tunnel = head.method === CONNECT;
    if (!tunnel && head.form !== 'absolute')
      return this.#refuse(400, 'request_malformed', 'This is a forward proxy: it needs an absolute URL.\n');
    if (head.secure) return this.#refuse(501, 'request_method', 'Use CONNECT for https.\n');
    const authority = head.text(head.authorityStart, head.authorityEnd).toLowerCase();
    const { host, port = 80 } = splitPort(authority);
    const name = host.replace(/\.$/, '');
    if (!this.#rules.permitsHost(name, port))
      return this.#refuse(403, 'destination_denied', 'This proxy does not go there.\n');
    if (tunnel) return { kind: 'tunnel', endpoint: { host: name, port }, dial: this.#dial, filters: this.#filters };
    const upstream = this.#origin(name, port);
    return {
      kind: 'forward',
      cluster: () => upstream,
      rewrite: () => undefined,
      host: undefined,
      edits: WITHOUT_CREDENTIALS,
      filters: this.#filters,
    };
  }

  #refuse(status: number, reason: Reason, body: string): Decision<Upstream> {
    return { kind: 'reply', reply: { status, body }, reason, filters: this.#filters };
  }

  readonly #dial: Dial = ({ host, port }, handler, timeout) =>
    connectWire({ host, port }, handler, {
      timeout,
      permits: (address) => this.#rules.permitsAddress(host, port, address),
    });

  #origin(host: string, port: number): Upstream {
    const name = `${host}:${port}`;
    const known = this.#origins.get(name);
    if (known !== undefined) {
      this.#origins.delete(name);
      this.#origins.set(name, known); // most recently used last
      return known;
    }
    const upstream = new Upstream({ name, endpoints: [{ host, port }] }, this.#dial, this.#service);
    this.#origins.set(name, upstream);
    if (this.#origins.size > KEPT_ORIGINS) {
      const [oldest, forgotten] = this.#origins.entries().next().value!;
      this.#origins.delete(oldest);
      forgotten.close();
    }
    return upstream;
  }

  close(): void {
    for (const upstream of this.#origins.values()) upstream.close();
  }
}
