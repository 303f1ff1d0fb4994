/**
 * The strict re-reader, RFC 9112: takes messages apart as one who accepts nothing that two readers could take differently. What it
 * refuses, a proxy should not have sent. Latin-1 text throughout, one character an octet. Pure.
 */
export type Field = readonly [name: string, value: string];

interface Message {
  readonly minor: number;
  readonly fields: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  readonly body: string;
  readonly trailers: readonly Field[];
}
export interface StrictRequest extends Message {
  readonly method: string;
  readonly target: string;
}
export interface StrictResponse extends Message {
  readonly status: number;
  /** False: the head came, the body did not come to its end. Only ever the last one. */
  readonly complete: boolean;
}

export interface Reading<M> {
  readonly messages: readonly M[];
  /** Octets taken by `messages`. What follows is the start of another message, if anything. */
  readonly length: number;
  /** Why what follows could never become one. */
  readonly problem?: string;
}

class Ambiguous extends Error {}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d) [\t\x20-\x7e\x80-\xff]*$/;

/** All values of a field. */
export const valuesOf = (fields: readonly Field[], name: string): string[] =>
  fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);

export function readRequests(raw: string): Reading<StrictRequest> {
  return readAll(raw, (at) => {
    const head = readHead(raw, at);
    if (head === undefined) return undefined;
    const [, method, target, minor] =
      REQUEST_LINE.exec(head.line) ?? refuse(`request line ${JSON.stringify(head.line)}`);
    const { fields } = head;
    const hosts = valuesOf(fields, 'host');
    if (hosts.length !== 1) refuse(`${hosts.length} Host fields`);
    const framing = requestFraming(fields, Number(minor));
    const body = readBody(raw, head.next, framing);
    if (body === undefined || !body.complete) return undefined;
    const message = { method: method!, target: target!, minor: Number(minor), fields, framing: framing.kind };
    return { message: { ...message, body: body.text, trailers: body.trailers }, next: body.next };
  });
}

/** `methods` of the requests that are answered, in order. `ended`: nothing follows `raw`. */
export function readResponses(raw: string, methods: readonly string[], ended: boolean): Reading<StrictResponse> {
  let final = 0;
  return readAll(raw, (at) => {
    const head = readHead(raw, at);
    if (head === undefined) return undefined;
    const [, minor, code] = STATUS_LINE.exec(head.line) ?? refuse(`status line ${JSON.stringify(head.line)}`);
    const { fields } = head;
    const status = Number(code);
    const method = methods[final];
    if (status >= 200) final++;
    if (final > methods.length) refuse('an answer that nobody asked for');
    const framing = responseFraming(fields, Number(minor), status, method!);
    const tunnel = status === 101 || (method === 'CONNECT' && status >= 200 && status < 300);
    const body = tunnel
      ? { text: '', trailers: [], next: head.next, complete: true }
      : readBody(raw, head.next, framing);
    if (body === undefined || (!body.complete && framing.kind !== 'close' && !ended)) return undefined;
    const message = { status, minor: Number(minor), fields, framing: framing.kind, body: body.text };
    const complete = framing.kind === 'close' ? ended : body.complete;
    return { message: { ...message, trailers: body.trailers, complete }, next: body.next };
  });
}

function readAll<M>(raw: string, next: (at: number) => { message: M; next: number } | undefined): Reading<M> {
  const messages: M[] = [];
  let length = 0;
  try {
    while (length < raw.length) {
      const read = next(length);
      if (read === undefined) break;
      messages.push(read.message);
      length = read.next;
    }
    return { messages, length };
  } catch (error) {
    if (error instanceof Ambiguous) return { messages, length, problem: error.message };
    throw error;
  }
}

function refuse(problem: string): never {
  throw new Ambiguous(problem);
}

/** Undefined: there is no whole line yet. */
function lineAt(raw: string, at: number): { text: string; next: number } | undefined {
  const lf = raw.indexOf('\n', at);
  const text = lf === -1 ? raw.slice(at).replace(/\r$/, '') : raw.slice(at, lf - 1);
  if (lf !== -1 && (lf === at || raw[lf - 1] !== '\r')) refuse(`a bare LF after ${JSON.stringify(raw.slice(at, lf))}`);
  if (text.includes('\r')) refuse(`a bare CR in ${JSON.stringify(text)}`);
  return lf === -1 ? undefined : { text, next: lf + 1 };
}

function readHead(raw: string, at: number): { line: string; fields: Field[]; next: number } | undefined {
  const first = lineAt(raw, at);
  const section = first && readFields(raw, first.next);
  return section && { line: first.text, ...section };
}

function readFields(raw: string, at: number): { fields: Field[]; next: number } | undefined {
  const fields: Field[] = [];
  for (let line = lineAt(raw, at); line !== undefined; line = lineAt(raw, line.next)) {
    if (line.text === '') return { fields, next: line.next };
    const colon = line.text.indexOf(':');
    const name = line.text.slice(0, colon);
    if (colon === -1 || !TOKEN.test(name)) refuse(`field line ${JSON.stringify(line.text)}`);
    const value = line.text.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    if (!FIELD_VALUE.test(value)) refuse(`value of ${JSON.stringify(line.text)}`);
    if (/[_.]/.test(name) && /^(host|content-length|transfer-encoding)$/i.test(name.replaceAll(/[_.]/g, '-')))
      refuse(`${name}, which passes for another field`);
    fields.push([name, value]);
  }
  return undefined;
}

type Framing = { readonly kind: 'none' | 'chunked' | 'close' } | { readonly kind: 'length'; readonly length: number };

function declared(fields: readonly Field[], minor: number): Framing | undefined {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) refuse(`framing told ${lengths.length + codings.length} times`);
  const [length] = lengths;
  const [coding] = codings;
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') refuse(`Transfer-Encoding: ${coding}`);
    if (minor === 0) refuse('Transfer-Encoding in HTTP/1.0');
    return { kind: 'chunked' };
  }
  if (length === undefined) return undefined;
  if (!/^\d{1,15}$/.test(length)) refuse(`Content-Length: ${length}`);
  return { kind: 'length', length: Number(length) };
}

const requestFraming = (fields: readonly Field[], minor: number): Framing =>
  declared(fields, minor) ?? { kind: 'none' };

/** RFC 9112 §6.3 */
function responseFraming(fields: readonly Field[], minor: number, status: number, method: string): Framing {
  const framing = declared(fields, minor);
  if ((status < 200 || status === 204) && framing?.kind === 'chunked') refuse(`Transfer-Encoding in a ${status}`);
  if ((status < 200 || status === 204) && framing !== undefined) refuse(`Content-Length in a ${status}`);
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'none' };
  return framing ?? { kind: 'close' };
}

interface Body {
  readonly text: string;
  readonly trailers: readonly Field[];
  readonly next: number;
  readonly complete: boolean;
}

/** Undefined: nothing can be said yet of what a chunk begins with. */
function readBody(raw: string, at: number, framing: Framing): Body | undefined {
  if (framing.kind === 'chunked') return readChunks(raw, at);
  const length = framing.kind === 'length' ? framing.length : framing.kind === 'close' ? raw.length - at : 0;
  const text = raw.slice(at, at + length);
  return { text, trailers: [], next: at + text.length, complete: text.length === length };
}

function readChunks(raw: string, start: number): Body {
  let text = '';
  let at = start;
  const cut = (): Body => ({ text, trailers: [], next: raw.length, complete: false });
  for (;;) {
    const line = lineAt(raw, at);
    if (line === undefined) return cut();
    if (!/^[0-9A-Fa-f]{1,12}$/.test(line.text)) refuse(`chunk line ${JSON.stringify(line.text)}`);
    const size = Number.parseInt(line.text, 16);
    if (size === 0) {
      const section = readFields(raw, line.next);
      return section ? { text, trailers: section.fields, next: section.next, complete: true } : cut();
    }
    text += raw.slice(line.next, line.next + size);
    at = line.next + size + 2;
    const end = raw.slice(line.next + size, at);
    if (!'\r\n'.startsWith(end)) refuse(`${JSON.stringify(end)} after a chunk of ${size}`);
    if (end.length < 2) return cut();
  }
}
