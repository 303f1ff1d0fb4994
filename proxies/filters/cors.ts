/**
 * Which pages of other origins may read the answers (Fetch standard §3.2). Preflights are answered here; in every other answer what the
 * origin says of it is replaced. An origin that is not listed gets the answer without these fields, which its browser keeps from the page.
 *
 * @example { "filters": { "cors": { "origins": ["https://app.example.org", "https://*.example.net"], "credentials": true } } }
 */
import { z } from 'zod';
import { compileEdits, type Edits } from '../http/edits.ts';
import type { Field } from '../http/field-block.ts';
import { OPTIONS, type ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { ClientSide, ConfiguredFilter } from './contract.ts';
import { PassingClient } from './passing.ts';
import { Recent } from './recent.ts';
import { fieldName, token } from './settings.ts';

export interface Cors {
  /** `*`, or origins as browsers write them (`https://a.example`, `null`); `https://*.example.org` is every host below it. */
  readonly origins: '*' | readonly string[];
  /** For preflights; the safe ones need no mention. GET, HEAD and POST by default. */
  readonly methods?: readonly string[];
  /** Fields of a request that a page may set besides the safe ones; what it asks for by default. */
  readonly headers?: readonly string[];
  /** Fields of the answer that a page may read besides the safe ones. */
  readonly exposedHeaders?: readonly string[];
  /** Cookies and the like may come; false by default. */
  readonly credentials?: boolean;
  /** Seconds for which a browser remembers a preflight. */
  readonly maxAge?: number;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly cors?: Cors;
  }
}

/** Dropped from the origin's answer. */
const OWN = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Expose-Headers',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Max-Age',
];

/** What the answers to one origin have. */
interface Told {
  readonly allowed: boolean;
  readonly fields: readonly Field[];
  readonly edits: Edits;
}

class CorsResponse extends PassingClient {
  readonly #told: Told;

  constructor(next: ClientSide, told: Told) {
    super(next);
    this.#told = told;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    head.edit(this.#told.edits);
    return this.next.respond(head, start, end, complete);
  }

  override reply(reply: Reply): void {
    this.next.reply({ ...reply, fields: [...(reply.fields ?? []), ...this.#told.fields] });
  }
}

/** Whether an origin is one of `origins`. */
function allowedBy(origins: Cors['origins']): (origin: string) => boolean {
  if (origins === '*') return () => true;
  const exact = new Set(origins.map((origin) => origin.toLowerCase()));
  const wild = [...exact].flatMap((origin) => (origin.includes('*') ? [origin.split('*') as [string, string]] : []));
  return (origin) => {
    const text = origin.toLowerCase();
    if (exact.has(text)) return true;
    return wild.some(
      ([scheme, suffix]) =>
        text.startsWith(scheme) &&
        text.endsWith(suffix) &&
        /^[a-z0-9.-]+$/.test(text.slice(scheme.length, -suffix.length)),
    );
  };
}

export const filter: ConfiguredFilter<Cors> = {
  name: 'cors',
  schema: z
    .strictObject({
      origins: z.union(
        [z.literal('*'), z.array(z.string().regex(/^(null|https?:\/\/(\*\.)?[^/*\s,]+)$/i)).min(1)],
        'expected * or a list of origins such as https://app.example.org',
      ),
      methods: z.array(token).exactOptional(),
      headers: z.array(fieldName).exactOptional(),
      exposedHeaders: z.array(fieldName).exactOptional(),
      credentials: z.boolean().exactOptional(),
      maxAge: z.int().nonnegative().exactOptional(),
    })
    .refine(
      ({ origins, credentials }) => origins !== '*' || credentials !== true,
      'credentials need a list of origins: with * any page could act for the user',
    ),
  create({ origins, methods = ['GET', 'HEAD', 'POST'], headers, exposedHeaders = [], credentials = false, maxAge }) {
    const isAllowed = allowedBy(origins);
    const vary: readonly Field[] = origins === '*' ? [] : [['Vary', 'Origin']];
    const tell = (origin: string | undefined): Told => {
      const allowed = origin !== undefined && isAllowed(origin);
      const fields: Field[] = [...vary];
      if (allowed) {
        fields.push(['Access-Control-Allow-Origin', origins === '*' ? '*' : origin]);
        if (credentials) fields.push(['Access-Control-Allow-Credentials', 'true']);
        if (exposedHeaders.length > 0) fields.push(['Access-Control-Expose-Headers', exposedHeaders.join(', ')]);
      }
      const edits = compileEdits([
        ...OWN.map((name) => ({ op: 'remove' as const, name })),
        ...fields.map(([name, value]) => ({ op: 'add' as const, name, value })),
      ])!;
      return { allowed, fields, edits };
    };
    const toNobody = tell(undefined);
    const told = new Recent<Told>(1000);
    const toldTo = (origin: string | undefined): Told => {
      if (origin === undefined || origin.length > 300) return toNobody;
      let known = told.get(origin);
      if (known === undefined) told.set(origin, (known = tell(origin)));
      return known;
    };
    /** The safe fields and methods need no permission, and a browser that asks for others than these is told so by their absence. */
    const preflight = (origin: string, asked: string | undefined): Reply => {
      const { allowed, fields } = toldTo(origin);
      const varying: Field = ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'];
      if (!allowed) return { status: 204, fields: [varying] };
      const names = headers?.join(', ') ?? asked;
      return {
        status: 204,
        fields: [
          varying,
          ...fields.filter(([name]) => name !== 'Vary' && name !== 'Access-Control-Expose-Headers'),
          ['Access-Control-Allow-Methods', methods.join(', ')],
          ...(names === undefined || names === '' ? [] : [['Access-Control-Allow-Headers', names] as const]),
          ...(maxAge === undefined ? [] : [['Access-Control-Max-Age', `${maxAge}`] as const]),
        ],
      };
    };
    return {
      request(head) {
        if (head.method !== OPTIONS) return undefined;
        const origin = head.get('origin');
        if (origin === undefined || head.get('access-control-request-method') === undefined) return undefined;
        return preflight(origin, head.get('access-control-request-headers'));
      },
      response: (side, head) => new CorsResponse(side, toldTo(head.get('origin'))),
    };
  },
};
