/** The fields that a proxy must know, and what it does with each: one table to check against RFC 9110 §5–§7, §10 and §11. */
import { tokenClass, ALIAS } from './octets.ts';

/** What becomes of a field on its way through. */
type Fate =
  | 'keep' // end to end
  | 'hop' // meant for us: removed, written anew where we have something to say
  | 'forwarding' // who asked, and how: `Forwarding` of the intent decides
  | 'claim' // says the same in other words: kept from trusted peers, removed from all others
  | 'framing'; // says where the message ends: validated, written anew

/** `alias`: a name that only differs by `_` or `.` is refused. `trailer`: may not come after a body (RFC 9110 §6.5.1). */
const KNOWN_FIELDS = [
  { name: 'host', fate: 'framing' },
  { name: 'content-length', fate: 'framing' },
  { name: 'transfer-encoding', fate: 'framing' },
  { name: 'connection', fate: 'hop' },
  { name: 'keep-alive', fate: 'hop' },
  { name: 'proxy-connection', fate: 'hop' },
  { name: 'te', fate: 'hop' },
  { name: 'upgrade', fate: 'hop' },
  { name: 'http2-settings', fate: 'hop' },
  { name: 'expect', fate: 'hop' },
  { name: 'max-forwards', fate: 'hop' },
  { name: 'proxy-authorization', fate: 'keep' },
  { name: 'via', fate: 'forwarding' },
  { name: 'forwarded', fate: 'forwarding' },
  { name: 'x-forwarded-for', fate: 'forwarding' },
  { name: 'x-forwarded-proto', fate: 'forwarding' },
  { name: 'x-forwarded-host', fate: 'forwarding' },
  { name: 'x-real-ip', fate: 'claim' },
  { name: 'x-forwarded-port', fate: 'claim' },
  { name: 'x-forwarded-prefix', fate: 'claim' },
  { name: 'x-forwarded-ssl', fate: 'claim' },
  { name: 'x-forwarded-server', fate: 'claim' },
  { name: 'true-client-ip', fate: 'claim' },
  { name: 'cf-connecting-ip', fate: 'claim' },
  { name: 'x-original-url', fate: 'claim' },
  { name: 'trailer', fate: 'keep' },
] as const satisfies readonly { name: string; fate: Fate }[];

type KnownName = (typeof KNOWN_FIELDS)[number]['name'];

/** Number of a field that is not in the table. */
export const OTHER = 31;

function idOf(name: KnownName): number {
  return KNOWN_FIELDS.findIndex((field) => field.name === name);
}

function mask(...fates: Fate[]): number {
  return KNOWN_FIELDS.reduce((bits, field, id) => (fates.includes(field.fate) ? bits | (1 << id) : bits), 0);
}

export const HOST: number = idOf('host');
export const CONTENT_LENGTH: number = idOf('content-length');
export const TRANSFER_ENCODING: number = idOf('transfer-encoding');
export const CONNECTION: number = idOf('connection');
export const KEEP_ALIVE: number = idOf('keep-alive');
export const TE: number = idOf('te');
export const UPGRADE: number = idOf('upgrade');
export const EXPECT: number = idOf('expect');
export const MAX_FORWARDS: number = idOf('max-forwards');
export const VIA: number = idOf('via');
export const FORWARDED: number = idOf('forwarded');
export const X_FORWARDED_FOR: number = idOf('x-forwarded-for');
export const X_FORWARDED_PROTO: number = idOf('x-forwarded-proto');
export const X_FORWARDED_HOST: number = idOf('x-forwarded-host');
export const TRAILER: number = idOf('trailer');

/** Bit sets over the numbers above. */
export const hopFields: number = mask('hop');
export const forwardingFields: number = mask('forwarding') & ~(1 << VIA);
export const claimedFields: number = mask('claim');
export const framingFields: number = mask('framing');

/** Fields that no trailer section may hold: framing, routing, request modifiers, authentication, content format. */
export const forbiddenInTrailers: ReadonlySet<string> = new Set([
  ...KNOWN_FIELDS.map((field) => field.name),
  'authorization',
  'www-authenticate',
  'proxy-authenticate',
  'cookie',
  'set-cookie',
  'content-encoding',
  'content-type',
  'content-range',
  'cache-control',
  'pragma',
  'range',
  'age',
  'expires',
  'date',
  'location',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'retry-after',
  'vary',
]);

const longest = Math.max(...KNOWN_FIELDS.map((field) => field.name.length));
/** By length: the candidates, each as its octets in lower case. */
const byLength: readonly { readonly id: number; readonly octets: Uint8Array }[][] = Array.from(
  { length: longest + 1 },
  (_, length) =>
    KNOWN_FIELDS.flatMap(({ name }, id) =>
      name.length === length ? [{ id, octets: Buffer.from(name, 'latin1') }] : [],
    ),
);

/** Number of the field named by these octets, `OTHER` where the table has none. Case does not matter. */
export function lookupField(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > longest) return OTHER;
  const candidates = byLength[length] as { id: number; octets: Uint8Array }[];
  for (let index = 0; index < candidates.length; index++) {
    const { id, octets } = candidates[index] as { id: number; octets: Uint8Array };
    let at = 0;
    while (at < length && (buffer[start + at]! | 32) === octets[at]) at++;
    if (at === length) return id;
  }
  return OTHER;
}

const numbers: ReadonlyMap<string, number> = new Map(KNOWN_FIELDS.map(({ name }, id) => [name, id]));

/** The same by a name in lower case. */
export const fieldNumber = (name: string): number => numbers.get(name) ?? OTHER;

/** The field that a careless origin would take this name for, reading `_` and `.` as `-`; `OTHER` if none. */
export function lookupAlias(buffer: Uint8Array, start: number, end: number): number {
  const name = Buffer.from(buffer.subarray(start, end));
  for (let at = 0; at < name.length; at++) if ((tokenClass[name[at]!]! & ALIAS) !== 0) name[at] = 45;
  return lookupField(name, 0, name.length);
}
