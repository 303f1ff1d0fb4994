/**
 * What changes in a request on its way to the next hop, whatever it speaks (RFC 9110 §7.6): what was meant for us goes no further, and
 * what we say of the client is added. First everything is removed, so that nothing a peer nominates can remove what is added.
 */
import { FieldBlock, NO_FIELDS } from './field-block.ts';
import {
  claimedFields,
  EXPECT,
  FORWARDED,
  forwardingFields,
  framingFields,
  hopFields,
  MAX_FORWARDS,
  TE,
  UPGRADE,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PROTO,
} from './fields.ts';
import { type FieldTable, NO_BODY, OPTIONS, type RequestHead, TRACE } from './head.ts';

/** The Via field by the version that a message was received by: HTTP/1.0, 1.1, 2. */
export type Via = readonly [FieldBlock, FieldBlock, FieldBlock];

export const NO_VIA: Via = [NO_FIELDS, NO_FIELDS, NO_FIELDS];

/** `pseudonym`: what this hop is called (RFC 9110 §7.6.3). */
export function viaOf(pseudonym: string): Via {
  const field = (version: string): FieldBlock => new FieldBlock(`Via: ${version} ${pseudonym}\r\n`);
  return [field('1.0'), field('1.1'), field('2.0')];
}

/** The Via field that is added to this message. */
export const viaField = (head: FieldTable, via: Via): FieldBlock => via[head.isHttp2 ? 2 : head.minor]!;

/** What is said about the client, for one downstream connection. */
export interface Metadata {
  readonly xForwardedFor: boolean;
  readonly forwarded: boolean;
  readonly via: Via;
  readonly address: string;
  readonly secure: boolean;
  /** The peer's own metadata is kept and appended to. */
  readonly trusted: boolean;
  /** `X-Forwarded-For` and `-Proto` of an untrusted peer: the same for every request of a connection. */
  readonly fields: FieldBlock;
  /** What the last request ended with: most ask for the same host as the one before them. */
  last: Added | undefined;
}

/** What was added to a request that asked for `authority`. */
export interface Added {
  readonly authority: string;
  readonly via: FieldBlock;
  /** Field lines, and the empty line. */
  readonly lines: string;
}

/** Where a codec takes fields. */
export interface FieldSink {
  add(name: string, value: string): void;
  addBlock(block: FieldBlock): void;
}

const bit = (id: number): number => 1 << id;

/** Says which known fields go no further, before anything is decided by their values. */
export function removeFields(head: RequestHead, { trusted, xForwardedFor }: Metadata): void {
  let kept = head.upgradeTo === undefined ? 0 : bit(UPGRADE);
  if ((head.seen & hopFields) !== 0) {
    if (expectsContinue(head)) kept |= bit(EXPECT);
    if (acceptsTrailers(head)) kept |= bit(TE);
    if (maxForwards(head) !== undefined) kept |= bit(MAX_FORWARDS);
  }
  const aboutClient = trusted ? (xForwardedFor ? 0 : claimedFields) : forwardingFields | claimedFields;
  // Connection cannot make those disappear that say where the message ends.
  head.removed = ((hopFields | (head.nominated & ~framingFields)) & ~kept) | aboutClient;
}

export function expectsContinue(head: RequestHead): boolean {
  return (head.seen & bit(EXPECT)) !== 0 && head.minor === 1 && head.body !== NO_BODY;
}

/** Whether the sender of this request takes trailers (RFC 9110 §10.1.4). */
export function acceptsTrailers(head: RequestHead): boolean {
  if ((head.seen & bit(TE)) === 0) return false;
  return (head.list(TE) ?? '').split(',').some((coding) => coding.trim().toLowerCase() === 'trailers');
}

/** RFC 9110 §7.6.2; undefined if absent or no number. */
export function maxForwards(head: RequestHead): number | undefined {
  if ((head.seen & bit(MAX_FORWARDS)) === 0) return undefined;
  const value = head.value(head.find(MAX_FORWARDS));
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** What goes on of it: one hop fewer for the methods that count them. */
export function nextMaxForwards(head: RequestHead): number | undefined {
  const hops = maxForwards(head);
  return hops !== undefined && (head.method === OPTIONS || head.method === TRACE) ? hops - 1 : hops;
}

/** What is said to the origin about the client. */
export function addMetadata(head: RequestHead, metadata: Metadata, sink: FieldSink): void {
  const authority = head.text(head.authorityStart, head.authorityEnd);
  if (metadata.trusted) {
    addTrusted(head, metadata, authority, sink);
    return;
  }
  if (metadata.xForwardedFor) {
    sink.addBlock(metadata.fields);
    if (authority !== '') sink.add('X-Forwarded-Host', authority);
  }
  if (metadata.forwarded) sink.add('Forwarded', element(metadata, authority));
}

function addTrusted(head: RequestHead, metadata: Metadata, authority: string, sink: FieldSink): void {
  if (metadata.xForwardedFor) {
    sink.add('X-Forwarded-For', appended(head.list(X_FORWARDED_FOR), metadata.address));
    sink.add('X-Forwarded-Proto', head.list(X_FORWARDED_PROTO) ?? scheme(metadata));
    const host = head.list(X_FORWARDED_HOST) ?? authority;
    if (host !== '') sink.add('X-Forwarded-Host', host);
  }
  const forwarded = head.list(FORWARDED);
  if (metadata.forwarded) sink.add('Forwarded', appended(forwarded, element(metadata, authority)));
  else if (forwarded !== undefined && metadata.xForwardedFor) sink.add('Forwarded', forwarded);
}

const appended = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before}, ${value}`;

const scheme = (metadata: Metadata): string => (metadata.secure ? 'https' : 'http');

/** One forwarded-element, RFC 7239 §4. An authority holds no byte that a quoted string would have to escape. */
function element(metadata: Metadata, authority: string): string {
  const address = metadata.address.includes(':') ? `"[${metadata.address}]"` : metadata.address;
  const host = authority === '' ? '' : `;host="${authority}"`;
  return `for=${address}${host};proto=${scheme(metadata)}`;
}
