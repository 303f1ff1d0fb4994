/**
 * Request targets and Host, RFC 9112 §3.2 and §3.3, and the one canonical path (RFC 3986 §6.2.2) by which everything is decided: dot
 * segments are resolved, repeated slashes merged, needless escapes decoded. What origins read differently (`%5c`, `%00`, `\`, dot
 * segments beside a parameter or an escaped slash) is refused. `%2f` is data, no separator. The origin gets what the client sent.
 */
import type { EscapedSlashes } from '../config/intent.ts';
import { claimedFields, forwardingFields, HOST } from './fields.ts';
import { CONNECT, type Head, OPTIONS, type RequestHead } from './head.ts';
import { COLON, hexValue, hostClass, literalClass, PECULIAR, SLASH, unreservedClass } from './octets.ts';

const identityFields = forwardingFields | claimedFields;
const HOST_BIT = 1 << HOST;
const ASTERISK = 42;
const QUESTION = 63;

/** Fills `form`, `secure`, the authority, `canonical` and `relative`; nothing is changed of the request yet. 0 or -400. */
export function scanTarget(head: Head, escapedSlashes: EscapedSlashes): number {
  const { buffer, targetStart, targetEnd } = head;
  head.canonical = head.relative = head.host = head.upgradeTo = undefined;
  head.secure = false;
  head.authorityStart = head.authorityEnd = 0;
  // Aliases of these would let a client forge what an origin trusts us to say.
  if ((head.aliases & identityFields) !== 0) return -400;
  if ((head.seen & HOST_BIT) !== 0) {
    if ((head.repeated & HOST_BIT) !== 0) return -400;
    const at = head.find(HOST) * 4;
    head.authorityStart = head.offsets[at + 2]!;
    head.authorityEnd = head.offsets[at + 3]!;
    if (!isAuthority(buffer, head.authorityStart, head.authorityEnd)) return -400;
  } else if (head.minor !== 0) return -400;

  const first = buffer[targetStart]!;
  if (head.method === CONNECT) {
    head.form = 'authority';
    head.authorityStart = targetStart;
    head.authorityEnd = targetEnd;
    return isAuthority(buffer, targetStart, targetEnd) && hasPort(buffer, targetStart, targetEnd) ? 0 : -400;
  }
  if (first === SLASH) {
    head.form = 'origin';
    return (head.targetMarks & PECULIAR) === 0 ? 0 : canonicalise(head, targetStart, '', escapedSlashes);
  }
  if (first === ASTERISK && targetEnd - targetStart === 1) {
    head.form = 'asterisk';
    return head.method === OPTIONS ? 0 : -400;
  }
  head.form = 'absolute';
  return scanAbsolute(head, escapedSlashes);
}

function scanAbsolute(head: Head, escapedSlashes: EscapedSlashes): number {
  const { buffer, targetEnd } = head;
  const scheme = head.text(head.targetStart, Math.min(head.targetStart + 8, targetEnd)).toLowerCase();
  head.secure = scheme === 'https://';
  if (!head.secure && !scheme.startsWith('http://')) return -400;
  const authorityStart = head.targetStart + (head.secure ? 8 : 7);
  let position = authorityStart;
  while (position < targetEnd && buffer[position] !== SLASH && buffer[position] !== QUESTION) position++;
  if (!isAuthority(buffer, authorityStart, position)) return -400;
  head.authorityStart = authorityStart; // §3.2.2: it wins over Host
  head.authorityEnd = position;
  if (position === targetEnd && head.method === OPTIONS) {
    head.canonical = head.relative = '*'; // §3.2.4
    return 0;
  }
  return canonicalise(head, position, buffer[position] === SLASH ? '' : '/', escapedSlashes);
}

/** Sets `canonical`, and `relative` where it differs from the target as it stands. */
function canonicalise(head: Head, from: number, prefix: string, escapedSlashes: EscapedSlashes): number {
  const target = prefix + head.text(from, head.targetEnd);
  if (target.includes('#')) return -400;
  const question = target.indexOf('?');
  head.canonical = canonicalPath(question === -1 ? target : target.slice(0, question), escapedSlashes);
  if (head.form === 'absolute') head.relative = target;
  return head.canonical === undefined ? -400 : 0;
}

/** The path by which everything is decided. */
export function pathOf(head: RequestHead): string {
  if (head.canonical !== undefined) return head.canonical;
  const target = head.text(head.targetStart, head.targetEnd);
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  return path.includes('//') ? path.replaceAll(/\/{2,}/g, '/') : path;
}

/** The query with its question mark, '' where there is none. */
export function queryOf(head: RequestHead): string {
  const target = head.relative ?? head.text(head.targetStart, head.targetEnd);
  const question = target.indexOf('?');
  return question === -1 ? '' : target.slice(question);
}

const ESCAPED_SLASH = '%2F';

/** The canonical form of an absolute path, undefined where it must be refused. */
export function canonicalPath(raw: string, escapedSlashes: EscapedSlashes = 'keep'): string | undefined {
  if (raw.includes('\\')) return undefined;
  let path = raw;
  if (raw.includes('%')) {
    const decoded = decodeUnreserved(raw, escapedSlashes);
    if (decoded === undefined) return undefined;
    path = decoded;
  }
  return /\/[./;]|%2F\./.test(path) ? resolveSegments(path.slice(1).split('/')) : path;
}

/** Resolves dot segments and merges slashes; undefined where who resolves, merges or decodes in another order comes to another path. */
function resolveSegments(segments: readonly string[]): string | undefined {
  const kept: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const parts = segment.split(ESCAPED_SLASH);
    if (parts.length > 1 && parts.some((part) => isDots(withoutParameters(part)))) return undefined; // `..%2f`
    const bare = withoutParameters(segment);
    if (bare !== segment && (isDots(bare) || (bare === '' && !isLast))) return undefined; // `/..;x/`, `/;x/`
    if (!isDots(segment)) {
      kept.push(segment);
      continue;
    }
    if (segment === '..') {
      const parent = kept.pop();
      // Above the root; `;/..`; `//..`, of which only who merges first goes up by a name; `%2f/..`, likewise.
      if (parent === undefined || parent === '' || parent.includes(';') || parent.includes(ESCAPED_SLASH))
        return undefined;
    }
    if (isLast) kept.push('');
  }
  const isMerged = (segment: string, index: number): boolean => segment !== '' || index === kept.length - 1;
  return `/${kept.filter(isMerged).join('/')}`;
}

const isDots = (segment: string): boolean => segment === '.' || segment === '..';

function withoutParameters(segment: string): string {
  const semicolon = segment.indexOf(';');
  return semicolon === -1 ? segment : segment.slice(0, semicolon);
}

function decodeUnreserved(raw: string, escapedSlashes: EscapedSlashes): string | undefined {
  let path = '';
  for (let at = 0; at < raw.length; at++) {
    if (raw.charCodeAt(at) !== 37) {
      path += raw[at];
      continue;
    }
    const high = hexValue[raw.charCodeAt(at + 1)] ?? -1; // NaN past the end finds nothing
    const low = hexValue[raw.charCodeAt(at + 2)] ?? -1;
    if (high < 0 || low < 0) return undefined;
    const octet = high * 16 + low;
    if (octet === 92 || octet === 0 || (octet === SLASH && escapedSlashes === 'refuse')) return undefined;
    path += unreservedClass[octet] === 1 ? String.fromCharCode(octet) : raw.slice(at, at + 3).toUpperCase();
    at += 2;
  }
  return path;
}

/** uri-host [ ":" port ], not empty, without userinfo. */
function isAuthority(buffer: Uint8Array, start: number, end: number): boolean {
  let position = start;
  if (buffer[position] === 91 && position < end) {
    position++;
    while (position < end && literalClass[buffer[position]!] === 1) position++;
    if (position === start + 1 || position >= end || buffer[position] !== 93) return false;
    position++;
  } else {
    while (position < end && hostClass[buffer[position]!] === 1) position++;
    if (position === start) return false;
  }
  if (position === end) return true;
  if (buffer[position] !== COLON) return false;
  let port = 0;
  for (++position; position < end; position++) {
    const digit = buffer[position]! - 48;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
    if (port > 65_535) return false;
  }
  return true;
}

/** Whether a configured text can stand in Host. */
export function isAuthorityText(text: string): boolean {
  const octets = Buffer.from(text, 'latin1');
  return /^[\x21-\x7e]+$/.test(text) && isAuthority(octets, 0, octets.length);
}

function hasPort(buffer: Uint8Array, start: number, end: number): boolean {
  const colon = buffer.lastIndexOf(COLON, end - 1);
  return colon >= start && colon < end - 1 && buffer.lastIndexOf(93, end - 1) < colon;
}
