/**
 * Request targets and Host, RFC 9112 §3.2 and §3.3, and the one canonical path (RFC 3986 §6.2.2) that routing, rewriting and
 * the origin all see. What origins decode differently (`%2f`, `%5c`, `%00`, `\`, dot segments with parameters) is refused.
 */
import { FORWARDED, HOST, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO } from './fields.ts';
import { CONNECT, type Head, OPTIONS } from './head.ts';
import { COLON, hexValue, hostClass, literalClass, PECULIAR, SLASH, unreservedClass } from './octets.ts';

const identityFields = (1 << FORWARDED) | (1 << X_FORWARDED_FOR) | (1 << X_FORWARDED_HOST) | (1 << X_FORWARDED_PROTO);
const hostBit = 1 << HOST;
const ASTERISK = 42;
const QUESTION = 63;

/** Fills `form`, `secure`, the authority and `canonical`. 0 or -400. */
export function scanTarget(head: Head): number {
  const { buffer, targetStart, targetEnd } = head;
  head.canonical = undefined;
  head.secure = false;
  head.authorityStart = head.authorityEnd = 0;
  // Aliases of these would let a client forge what an origin trusts us to say.
  if ((head.aliases & identityFields) !== 0) return -400;
  if ((head.seen & hostBit) !== 0) {
    if ((head.repeated & hostBit) !== 0) return -400;
    const at = head.find(HOST) * 4;
    head.authorityStart = head.offsets[at + 2] as number;
    head.authorityEnd = head.offsets[at + 3] as number;
    if (!isAuthority(buffer, head.authorityStart, head.authorityEnd)) return -400;
  } else if (head.minor !== 0) return -400;

  const first = buffer[targetStart] as number;
  if (head.method === CONNECT) {
    head.form = 'authority';
    head.authorityStart = targetStart;
    head.authorityEnd = targetEnd;
    return isAuthority(buffer, targetStart, targetEnd) && hasPort(buffer, targetStart, targetEnd) ? 0 : -400;
  }
  if (first === SLASH) {
    head.form = 'origin';
    return (head.targetMarks & PECULIAR) === 0 ? 0 : canonicalise(head, targetStart, '');
  }
  if (first === ASTERISK && targetEnd - targetStart === 1) {
    head.form = 'asterisk';
    return head.method === OPTIONS ? 0 : -400;
  }
  head.form = 'absolute';
  return scanAbsolute(head);
}

function scanAbsolute(head: Head): number {
  const { buffer, targetEnd } = head;
  const scheme = head.text(head.targetStart, Math.min(head.targetStart + 8, targetEnd)).toLowerCase();
  head.secure = scheme === 'https://';
  if (!head.secure && !scheme.startsWith('http://')) return -400;
  const authorityStart = head.targetStart + (head.secure ? 8 : 7);
  let position = authorityStart;
  while (position < targetEnd && buffer[position] !== SLASH && buffer[position] !== QUESTION) position += 1;
  if (!isAuthority(buffer, authorityStart, position)) return -400;
  head.authorityStart = authorityStart; // §3.2.2: it wins over Host
  head.authorityEnd = position;
  if (position === targetEnd && head.method === OPTIONS) {
    head.canonical = '*'; // §3.2.4
    return 0;
  }
  return canonicalise(head, position, buffer[position] === SLASH ? '' : '/');
}

/** Sets `canonical` where it differs from the target as it stands. */
function canonicalise(head: Head, from: number, prefix: string): number {
  const target = prefix + head.text(from, head.targetEnd);
  if (target.includes('#')) return -400;
  const question = target.indexOf('?');
  const raw = question === -1 ? target : target.slice(0, question);
  const path = canonicalPath(raw);
  if (path === undefined) return -400;
  if (path !== raw || head.form === 'absolute') head.canonical = question === -1 ? path : path + target.slice(question);
  return 0;
}

/** The canonical form of an absolute path, undefined where it must be refused. */
export function canonicalPath(raw: string): string | undefined {
  if (raw.includes('\\')) return undefined;
  let path = raw;
  if (raw.includes('%')) {
    const decoded = decodeUnreserved(raw);
    if (decoded === undefined) return undefined;
    path = decoded;
  }
  if (!path.includes('/.')) return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const semicolon = segment.indexOf(';');
    const bare = semicolon === -1 ? segment : segment.slice(0, semicolon);
    const dots = bare === '.' || bare === '..';
    if (dots && semicolon !== -1) return undefined; // `/..;x/`
    if (!dots) {
      kept.push(segment);
      continue;
    }
    if (bare === '..') {
      const parent = kept.pop();
      if (parent === undefined || parent.includes(';')) return undefined; // above the root, `;/..`
    }
    if (index === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}

function decodeUnreserved(raw: string): string | undefined {
  let path = '';
  for (let at = 0; at < raw.length; at += 1) {
    if (raw.charCodeAt(at) !== 37) {
      path += raw[at];
      continue;
    }
    const high = hexValue[raw.charCodeAt(at + 1)] ?? -1; // NaN past the end finds nothing
    const low = hexValue[raw.charCodeAt(at + 2)] ?? -1;
    if (high < 0 || low < 0) return undefined;
    const octet = high * 16 + low;
    if (octet === SLASH || octet === 92 || octet === 0) return undefined;
    path += unreservedClass[octet] === 1 ? String.fromCharCode(octet) : raw.slice(at, at + 3).toUpperCase();
    at += 2;
  }
  return path;
}

/** uri-host [ ":" port ], not empty, without userinfo. */
function isAuthority(buffer: Uint8Array, start: number, end: number): boolean {
  let position = start;
  if (buffer[position] === 91 && position < end) {
    position += 1;
    while (position < end && literalClass[buffer[position] as number] === 1) position += 1;
    if (position === start + 1 || position >= end || buffer[position] !== 93) return false;
    position += 1;
  } else {
    while (position < end && hostClass[buffer[position] as number] === 1) position += 1;
    if (position === start) return false;
  }
  if (position === end) return true;
  if (buffer[position] !== COLON) return false;
  let port = 0;
  for (position += 1; position < end; position += 1) {
    const digit = (buffer[position] as number) - 48;
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
