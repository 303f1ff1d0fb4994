/**
 * Heads written anew for the next hop, RFC 9110 §7.6: first everything is removed that was meant for us, then what we have to
 * say is added, so that nothing a peer nominates can remove it. Runs of field lines that go through are copied as they are.
 */
import type { CompiledEdits } from './edits.ts';
import {
  claimedFields,
  CONTENT_LENGTH,
  EXPECT,
  FORWARDED,
  forwardingFields,
  framingFields,
  HOST,
  hopFields,
  MAX_FORWARDS,
  OTHER,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PROTO,
} from './fields.ts';
import { CHUNKED, type Head, methods, NO_BODY, OPTIONS, TRACE } from './head.ts';

/** What is said about the client, for one downstream connection. */
export interface Metadata {
  readonly xForwardedFor: boolean;
  readonly forwarded: boolean;
  /** The field line with CRLF, or ''. */
  readonly via: string;
  readonly address: string;
  readonly secure: boolean;
  /** The peer's own metadata is kept and appended to. */
  readonly trusted: boolean;
  /** `X-Forwarded-For` and `-Proto` lines of an untrusted peer: the same for every request of a connection. */
  readonly lines: string;
}

export interface RequestChanges {
  /** Path and query, where a route rewrites them; undefined: as the client sent them. */
  readonly target: string | undefined;
  /** Host to send; undefined: the authority that was asked for. */
  readonly host: string | undefined;
  /** Sent where an HTTP/1.0 client named none. */
  readonly defaultHost: string;
  readonly edits: CompiledEdits | undefined;
  /** The Upgrade header to pass on with its Connection option; undefined: none. */
  readonly upgrade: string | undefined;
}

const bit = (id: number): number => 1 << id;
const alwaysDropped = hopFields | forwardingFields | bit(TRANSFER_ENCODING);
/** Connection cannot make these disappear. */
const protectedFields = framingFields;

/** Says which known fields go no further, before anything is decided by their values. `upgrades`: the Upgrade goes on. */
export function removeFields(head: Head, { trusted, xForwardedFor }: Metadata, upgrades: boolean): void {
  let kept = upgrades ? bit(UPGRADE) : 0;
  if ((head.seen & hopFields) !== 0) {
    if (expectsContinue(head)) kept |= bit(EXPECT);
    if (acceptsTrailers(head)) kept |= bit(TE);
    if (maxForwards(head) !== undefined) kept |= bit(MAX_FORWARDS);
  }
  const aboutClient = trusted ? (xForwardedFor ? 0 : claimedFields) : forwardingFields | claimedFields;
  head.removed = ((hopFields | (head.nominated & ~protectedFields)) & ~kept) | aboutClient;
}

/** The request head for an HTTP/1.1 origin, empty line included; after `removeFields`. */
export function reissueRequest(head: Head, metadata: Metadata, changes: RequestChanges): string {
  const { edits, host } = changes;
  const target = changes.target ?? head.relative;
  const ownHost = host !== undefined || head.form === 'absolute' || (head.seen & bit(HOST)) === 0;
  const drop = alwaysDropped | head.removed | (ownHost ? bit(HOST) : 0);
  const authority = head.text(head.authorityStart, head.authorityEnd);
  let text: string;
  if (target === undefined && head.minor === 1 && head.form !== 'absolute' && !ownHost) {
    text = keep(head, head.start, drop, edits);
  } else {
    const sent = target ?? head.text(head.targetStart, head.targetEnd);
    text = `${head.text(head.start, head.methodEnd)} ${sent} HTTP/1.1\r\n`;
    if (ownHost) text += `Host: ${host ?? (authority === '' ? changes.defaultHost : authority)}\r\n`;
    text += keep(head, head.fieldsStart, drop, edits);
  }
  if (head.body === CHUNKED) text += 'Transfer-Encoding: chunked\r\n';
  if ((head.seen & hopFields) !== 0) text += hopLines(head, changes.upgrade);
  text += metadata.trusted ? trustedLines(head, metadata, authority) : untrustedLines(metadata, authority);
  if (edits !== undefined) text += edits.lines;
  return `${text}${metadata.via}\r\n`;
}

function hopLines(head: Head, upgrade: string | undefined): string {
  let text = '';
  let options = '';
  if (expectsContinue(head)) text = 'Expect: 100-continue\r\n';
  if ((head.seen & bit(TE)) !== 0 && acceptsTrailers(head)) {
    text += 'TE: trailers\r\n';
    options = 'TE';
  }
  if (upgrade !== undefined) {
    text += `Upgrade: ${upgrade}\r\n`;
    options = options === '' ? 'Upgrade' : `${options}, Upgrade`;
  }
  if (options !== '') text += `Connection: ${options}\r\n`;
  const hops = maxForwards(head);
  if (hops !== undefined) {
    const decremented = head.method === OPTIONS || head.method === TRACE ? hops - 1 : hops;
    text += `Max-Forwards: ${decremented}\r\n`;
  }
  return text;
}

function expectsContinue(head: Head): boolean {
  return (head.seen & bit(EXPECT)) !== 0 && head.minor === 1 && head.body !== NO_BODY;
}

/** Whether the sender of this request takes trailers (RFC 9110 §10.1.4). */
export function acceptsTrailers(head: Head): boolean {
  if ((head.seen & bit(TE)) === 0) return false;
  return (head.list(TE) ?? '').split(',').some((coding) => coding.trim().toLowerCase() === 'trailers');
}

/** RFC 9110 §7.6.2; undefined if absent or no number. */
export function maxForwards(head: Head): number | undefined {
  if ((head.seen & bit(MAX_FORWARDS)) === 0) return undefined;
  const value = head.value(head.find(MAX_FORWARDS));
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function untrustedLines(metadata: Metadata, authority: string): string {
  let text = '';
  if (metadata.xForwardedFor) {
    text = authority === '' ? metadata.lines : `${metadata.lines}X-Forwarded-Host: ${authority}\r\n`;
  }
  return metadata.forwarded ? `${text}Forwarded: ${element(metadata, authority)}\r\n` : text;
}

function trustedLines(head: Head, metadata: Metadata, authority: string): string {
  let text = '';
  if (metadata.xForwardedFor) {
    const before = head.list(X_FORWARDED_FOR);
    text += `X-Forwarded-For: ${before === undefined ? '' : `${before}, `}${metadata.address}\r\n`;
    text += `X-Forwarded-Proto: ${head.list(X_FORWARDED_PROTO) ?? scheme(metadata)}\r\n`;
    const host = head.list(X_FORWARDED_HOST) ?? authority;
    if (host !== '') text += `X-Forwarded-Host: ${host}\r\n`;
  }
  const forwarded = head.list(FORWARDED);
  if (metadata.forwarded) {
    text += `Forwarded: ${forwarded === undefined ? '' : `${forwarded}, `}${element(metadata, authority)}\r\n`;
  } else if (forwarded !== undefined && metadata.xForwardedFor) text += `Forwarded: ${forwarded}\r\n`;
  return text;
}

function scheme(metadata: Metadata): string {
  return metadata.secure ? 'https' : 'http';
}

/** One forwarded-element, RFC 7239 §4. An authority holds no octet that a quoted string would have to escape. */
function element(metadata: Metadata, authority: string): string {
  const address = metadata.address.includes(':') ? `"[${metadata.address}]"` : metadata.address;
  const host = authority === '' ? '' : `;host="${authority}"`;
  return `for=${address}${host};proto=${scheme(metadata)}`;
}

export interface ResponseChanges {
  readonly edits: CompiledEdits | undefined;
  /** Field lines of ours: framing, Connection, Via. */
  readonly lines: string;
  /** Drop Content-Length, where we frame the body otherwise. */
  readonly dropLength: boolean;
}

const droppedFromResponses = hopFields | bit(TRANSFER_ENCODING);

/** Whether a response head can go through as the octets that it is, were nothing added. */
export function isIntact(head: Head): boolean {
  return (
    (head.seen & droppedFromResponses) === 0 &&
    head.lineIntact &&
    !head.irregular &&
    !head.lengthRepeated &&
    head.nominatedNames === undefined
  );
}

/** The response head for an HTTP/1.x client, empty line included. */
export function reissueResponse(head: Head, changes: ResponseChanges): string {
  const { edits, lines, dropLength } = changes;
  const drop = droppedFromResponses | (dropLength || head.lengthRepeated ? bit(CONTENT_LENGTH) : 0);
  let text = '';
  if (!head.lineIntact) {
    const reason = head.text(head.start + 12, head.fieldsStart).trim();
    text = `HTTP/1.1 ${head.status} ${reason}\r\n`;
  }
  text += keep(head, head.lineIntact ? head.start : head.fieldsStart, drop, edits);
  if (head.lengthRepeated && !dropLength) text += `Content-Length: ${head.contentLength}\r\n`;
  return edits === undefined ? `${text}${lines}\r\n` : `${text}${edits.lines}${lines}\r\n`;
}

/** For a 101: the Upgrade field, which passes with an option of its own. */
export function upgradeLines(head: Head): string {
  return `Upgrade: ${head.list(UPGRADE) ?? ''}\r\nConnection: Upgrade\r\n`;
}

/** The octets from `from` (start line or fields) to the empty line, without the fields that are dropped. */
function keep(head: Head, from: number, drop: number, edits: CompiledEdits | undefined): string {
  const nominated = head.nominated & ~protectedFields;
  const all = drop | nominated | (edits?.drop ?? 0);
  const names = head.nominatedNames;
  if ((head.seen & all) === 0 && names === undefined && edits === undefined && !head.irregular) {
    return head.text(from, head.end - 2);
  }
  if (head.irregular) return keepIrregular(head, from, all, edits);
  let text = '';
  let run = from;
  for (let index = 0; index < head.count; index += 1) {
    if (!isDropped(head, index, all, names, edits)) continue;
    const start = head.offsets[index * 4] as number;
    if (start > run) text += head.text(run, start);
    run = head.lineEnd(index);
  }
  return head.end - 2 > run ? text + head.text(run, head.end - 2) : text;
}

function keepIrregular(head: Head, from: number, drop: number, edits: CompiledEdits | undefined): string {
  let text = head.text(from, head.fieldsStart);
  for (let index = 0; index < head.count; index += 1) {
    if (isDropped(head, index, drop, head.nominatedNames, edits)) continue;
    text += `${head.name(index)}: ${head.value(index)}\r\n`;
  }
  return text;
}

function isDropped(
  head: Head,
  index: number,
  drop: number,
  names: readonly string[] | undefined,
  edits: CompiledEdits | undefined,
): boolean {
  const id = head.ids[index] as number;
  if (id !== OTHER) return (drop & bit(id)) !== 0;
  if (names === undefined && edits === undefined) return false;
  const name = head.name(index);
  return names?.includes(name) === true || edits?.dropNames.has(name) === true;
}

/** The method as it was written. */
export function methodText(head: Head): string {
  return methods[head.method] ?? head.text(head.start, head.methodEnd);
}
