/**
 * Asks an HTTP service whether a request may pass, as Traefik's ForwardAuth and NGINX's auth_request do: GET, with the request's method,
 * host, canonical path and query, and client in X-Forwarded-*. 2xx lets it pass; other answers below 500 are the answer. Where there is no
 * answer in time, or a wrong one, nobody passes (503), or everybody does where `failOpen` says so. No byte reaches the origin before.
 *
 * @example { "filters": { "ext-authz": { "url": "http://127.0.0.1:9091/verify", "timeout": 200, "tell": ["X-User"] } } }
 */
import { z } from 'zod';
import type { RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { pathOf, queryOf } from '../http/target.ts';
import type { ConfiguredFilter, ContentSide, Filter, FilterExchange, FilterService } from './contract.ts';
import { Identity } from './identity.ts';
import { type Answer, Outgoing } from './outgoing.ts';
import { fieldName, millis, positive } from './settings.ts';

export interface ExtAuthz {
  readonly url: string;
  /** Milliseconds for the whole answer; 1,000 by default. */
  readonly timeout?: number;
  /** Without an answer everybody passes; false by default. */
  readonly failOpen?: boolean;
  /** Fields of the request that are shown; Authorization and Cookie by default. */
  readonly show?: readonly string[];
  /** Fields of an answer that lets pass, which the origin is told; whatever clients say by these names is dropped. None by default. */
  readonly tell?: readonly string[];
  /** Fields of a refusal that the client is given beside Content-Type; WWW-Authenticate, Location and Set-Cookie by default. */
  readonly give?: readonly string[];
  /** Connections to the service; 64 by default. */
  readonly connections?: number;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'ext-authz'?: ExtAuthz;
  }
}

/** Of an answer's body. */
const MOST_BYTES = 64 * 1024;
const UNAVAILABLE: Reply = { status: 503, fields: [['Retry-After', '1']] };
const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());

class ExternalAuthorizer implements Filter {
  readonly #service: FilterService;
  readonly #outgoing: Outgoing;
  readonly #url: URL;
  readonly #failOpen: boolean;
  readonly #show: readonly string[];
  readonly #tell: ReadonlyMap<string, Identity>;
  readonly #give: readonly string[];

  constructor(settings: ExtAuthz, service: FilterService) {
    const { show = ['authorization', 'cookie'], give = ['www-authenticate', 'location', 'set-cookie'] } = settings;
    this.#service = service;
    this.#url = new URL(settings.url);
    this.#outgoing = new Outgoing(this.#url, settings.connections ?? 64, settings.timeout ?? 1000);
    this.#failOpen = settings.failOpen ?? false;
    this.#show = lower(show);
    this.#give = lower(give);
    this.#tell = new Map(lower(settings.tell ?? []).map((name) => [name, new Identity(name)]));
  }

  async request(head: RequestHead, exchange: FilterExchange): Promise<Reply | undefined> {
    for (const identity of this.#tell.values()) identity.clear(head);
    let answer: Answer;
    try {
      answer = await this.#outgoing.send(
        { method: 'GET', path: this.#url.pathname + this.#url.search, headers: this.#headersOf(head, exchange) },
        MOST_BYTES,
        exchange.signal,
      );
      if (answer.status >= 500 || answer.status < 200)
        throw new Error(`expected a verdict, got status ${answer.status}`);
    } catch (error) {
      if (exchange.signal.aborted) return undefined; // nobody waits any more
      return this.#fail((error as Error).message, exchange);
    }
    if (answer.status >= 300) {
      exchange.reason = 'authorizer_denied';
      return this.#refusal(answer);
    }
    for (const [name, identity] of this.#tell) {
      const value = answer.fields.find(([other]) => other.toLowerCase() === name)?.[1];
      if (value !== undefined && !identity.tell(head, value, exchange))
        return this.#fail(`expected visible ASCII in ${name} of the answer`, exchange);
    }
    return undefined;
  }

  requestBody(side: ContentSide, head: RequestHead): ContentSide {
    return this.#tell.values().reduce((inner, identity) => identity.guard(inner, head), side);
  }

  close(): void {
    this.#outgoing.close();
  }

  #headersOf(head: RequestHead, { client }: FilterExchange): Record<string, string> {
    const headers: Record<string, string> = {
      host: this.#url.host,
      'x-forwarded-method': head.methodText(),
      'x-forwarded-proto': client.secure ? 'https' : 'http',
      'x-forwarded-host': head.text(head.authorityStart, head.authorityEnd),
      'x-forwarded-uri': pathOf(head) + queryOf(head),
      'x-forwarded-for': client.address,
    };
    for (const name of this.#show) {
      const value = head.get(name);
      if (value !== undefined) headers[name] = value;
    }
    return headers;
  }

  #refusal({ status, fields, body }: Answer): Reply {
    const given = fields.filter(([name]) => this.#give.includes(name.toLowerCase()));
    const contentType = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
    return { status, fields: given, body, ...(contentType !== undefined && { contentType }) };
  }

  #fail(why: string, exchange: FilterExchange): Reply | undefined {
    if (this.#failOpen) {
      this.#service.because('authorizer_failed', () => `filter ext-authz lets a request pass: ${why}`);
      return undefined;
    }
    this.#service.because('filter_failed', () => `filter ext-authz: ${why}`);
    exchange.reason = 'authorizer_failed';
    return UNAVAILABLE;
  }
}

export const filter: ConfiguredFilter<ExtAuthz> = {
  name: 'ext-authz',
  schema: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }),
    timeout: millis.exactOptional(),
    failOpen: z.boolean().exactOptional(),
    show: z.array(fieldName).exactOptional(),
    tell: z.array(fieldName).exactOptional(),
    give: z.array(fieldName).exactOptional(),
    connections: positive.max(10_000).exactOptional(),
  }),
  create: (settings, service) => new ExternalAuthorizer(settings, service),
};
