/**
 * What makes a field section a message (RFC 9113 §8): pseudo-fields first, once and known; names in lower case; nothing of one
 * HTTP/1.1 connection; and nothing that a reader of HTTP/1.1 would take for the end of a line, or for a space.
 */
import { CONTENT_LENGTH, HOST, TE } from '../http/fields.ts';
import { hostClass, SLASH, targetClass, tokenClass } from '../http/octets.ts';
import {
  AUTHORITY,
  CONNECTION_SPECIFIC,
  INVALID_NAME,
  INVALID_VALUE,
  METHOD,
  PATH,
  PSEUDO,
  SCHEME,
  STATUS,
} from './field.ts';
import { FieldSection } from './field-section.ts';

const MALFORMED_MARKS = INVALID_NAME | INVALID_VALUE | CONNECTION_SPECIFIC;

/** The head of a request or response as it came. Reused: valid during the call that hands it out. */
export class MessageHead {
  readonly section = new FieldSection();
  /** Index of the first field that is no pseudo-field. */
  firstRegular = 0;
  // Requests; '' where absent.
  method = '';
  scheme = '';
  authority = '';
  path = '';
  /** Responses. */
  status = 0;
  /** -1 where there is no Content-Length. */
  contentLength = -1;
  /** Pseudo-fields that came, as a bit set of `1 << (number - AUTHORITY)`. */
  #seen = 0;
  #host: string | undefined;

  /** Judges the section as a request. Gives why it is malformed (§8.1.1), else undefined. */
  readRequest(): string | undefined {
    return this.#read() ?? this.#judgeRequest();
  }

  /** Judges the section as a response, interim ones too. */
  readResponse(): string | undefined {
    const problem = this.#read();
    if (problem !== undefined) return problem;
    return this.#seen === bit(STATUS) && this.status !== 0
      ? undefined
      : 'its only pseudo-field is a :status of three digits';
  }

  /** Judges the section as trailers. */
  readTrailers(): string | undefined {
    return this.#read() ?? (this.#seen === 0 ? undefined : 'trailers have no pseudo-fields');
  }

  #read(): string | undefined {
    const { fields, count } = this.section;
    let marks = 0;
    let index = 0;
    this.method = this.scheme = this.authority = this.path = '';
    this.status = this.#seen = 0;
    this.contentLength = -1;
    this.#host = undefined;
    for (; index < count && (fields[index]!.marks & PSEUDO) !== 0; index++) {
      const field = fields[index]!;
      marks |= field.marks;
      if ((this.#seen & bit(field.id)) !== 0) return `${field.name} came twice`;
      this.#seen |= bit(field.id);
      this.#takePseudo(field.id, field.value);
    }
    this.firstRegular = index;
    for (; index < count; index++) {
      const field = fields[index]!;
      marks |= field.marks;
      const { id } = field;
      if (id === CONTENT_LENGTH || id === TE || id === HOST) {
        const problem = this.#takeRegular(id, field.value);
        if (problem !== undefined) return problem;
      }
      if ((field.marks & PSEUDO) !== 0) return `${field.name} stands behind a field that is no pseudo-field`;
    }
    return (marks & MALFORMED_MARKS) === 0 ? undefined : this.#firstMalformed();
  }

  #takePseudo(id: number, value: string): void {
    if (id === METHOD) this.method = value;
    else if (id === PATH) this.path = value;
    else if (id === SCHEME) this.scheme = value;
    else if (id === AUTHORITY) this.authority = value;
    else if (id === STATUS) this.status = readStatus(value);
  }

  #takeRegular(id: number, value: string): string | undefined {
    if (id === TE) return value.toLowerCase() === 'trailers' ? undefined : 'te says something other than trailers';
    if (id === HOST) {
      if (this.#host !== undefined) return 'host came twice';
      this.#host = value;
      return undefined;
    }
    const length = readLength(value);
    if (length < 0) return 'content-length is no number';
    if (this.contentLength !== -1 && (this.contentLength !== length || this.method !== ''))
      return 'content-length came twice';
    this.contentLength = length;
    return undefined;
  }

  #judgeRequest(): string | undefined {
    const { method, path, scheme, authority } = this;
    if (!isToken(method)) return 'expected one :method that is a token';
    if ((this.#seen & ~REQUEST_PSEUDO) !== 0) return 'a pseudo-field came that no request has';
    if ((this.#seen & bit(AUTHORITY)) !== 0 && !isAuthority(authority))
      return ':authority is no host with a port or without';
    if (this.#host !== undefined && authority !== '' && !sameText(this.#host, authority))
      return 'host differs from :authority';
    if (method === 'CONNECT')
      return this.#seen === (bit(METHOD) | bit(AUTHORITY)) ? undefined : 'CONNECT has :method and :authority alone';
    if (scheme !== 'http' && scheme !== 'https' && !/^[a-z][a-z0-9+.-]*$/i.test(scheme)) return 'expected one :scheme';
    return isTarget(path) || (path === '*' && method === 'OPTIONS')
      ? undefined
      : 'expected one :path that begins with /';
  }

  #firstMalformed(): string {
    const { fields, count } = this.section;
    const field = fields.slice(0, count).find(({ marks }) => (marks & MALFORMED_MARKS) !== 0)!;
    if ((field.marks & INVALID_NAME) !== 0) return 'a field name is no token in lower case';
    return (field.marks & INVALID_VALUE) !== 0
      ? `the value of ${field.name} holds a control character or begins or ends with white space`
      : `${field.name} is a matter of one HTTP/1.1 connection`;
  }
}

const bit = (id: number): number => 1 << (id - AUTHORITY);
const REQUEST_PSEUDO = bit(METHOD) | bit(PATH) | bit(SCHEME) | bit(AUTHORITY);

/** 0 for what is no final or interim status of HTTP/2: three digits, and never 101 (§8.6). */
function readStatus(value: string): number {
  return /^[1-9]\d\d$/.test(value) && value !== '101' ? Number(value) : 0;
}

/** 1*DIGIT within the safe integers, else -1. */
function readLength(value: string): number {
  return /^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : -1;
}

function all(text: string, octets: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 255 || octets[code] === 0) return false;
  }
  return text !== '';
}

const authorityClass = Uint8Array.from(hostClass, (mark, octet) =>
  mark !== 0 || '[:]'.includes(String.fromCharCode(octet)) ? 1 : 0,
);

const isToken = (text: string): boolean => all(text, tokenClass);
const isTarget = (text: string): boolean => text.charCodeAt(0) === SLASH && all(text, targetClass);
/** Characters of uri-host and port, without userinfo (§8.3.1). */
const isAuthority = (text: string): boolean => all(text, authorityClass);
const sameText = (one: string, other: string): boolean => one === other || one.toLowerCase() === other.toLowerCase();

/** Cookie crumbs joined again, as HTTP/1.1 wants them (§8.2.3); undefined where there is none. */
export function joinCookies(section: FieldSection): string | undefined {
  let joined: string | undefined;
  for (let index = 0; index < section.count; index++) {
    const field = section.fields[index]!;
    if (field.name === 'cookie') joined = joined === undefined ? field.value : `${joined}; ${field.value}`;
  }
  return joined;
}
