/**
 * A response head's text → what frames the answer. Strict: what RFC 9112 does not allow is a fault, never a guess. Of a peer that is
 * not ours what can be read in one way only is read, and named.
 */

/** The bytes are no HTTP/1.1 response. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

export interface ResponseHead {
  readonly status: number;
  /** How the body ends (RFC 9112 §6.3): there is none, by its length, by the last chunk, by the connection's end. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Of a body framed by length; else 0. */
  readonly length: number;
  /** Whether the peer keeps the connection (RFC 9112 §9.3), as far as the head says. */
  readonly keepAlive: boolean;
  /** Where a redirect leads. */
  readonly location?: string;
  /** What was tolerated. */
  readonly lapses?: readonly string[];
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)( [\t\x20-\x7e\x80-\xff]*)?\r\n/;
const LOCATION_FIELD = /\nlocation:[ \t]*([^\r]*?)[ \t]*\r/i;
/** RFC 9112 §5: no folding, no space before the colon, no bare CR or LF. */
export const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
const FRAMING_FIELDS = /\n(content-length|transfer-encoding|connection):[ \t]*([^\r]*?)[ \t]*\r/gi;
const DIGITS = /^\d{1,15}$/;

/**
 * `raw` is the head without the empty line that ends it; `toHead` says that HEAD was asked (RFC 9110 §9.3.2); `isLenient`: the peer is not
 * ours.
 */
export function parseHead(raw: string, toHead: boolean, isLenient = false): ResponseHead {
  const text = isLenient ? raw.replaceAll(/\r?\n/g, '\r\n') : raw;
  const first = STATUS_LINE.exec(text);
  const lapses = [
    ...(text === raw ? [] : ['a line of its head ends with LF alone (RFC 9112 §2.2)']),
    ...(first !== null && first[3] === undefined ? ['no space stands after its status (RFC 9112 §4)'] : []),
  ];
  if (first === null || (lapses.length > 0 && !isLenient))
    throw new FramingError(`expected a status line, got ${quoted(text.split('\r\n', 1)[0]!)}`);
  if (!FIELD_LINES.test(text.slice(first[0].length))) throw new FramingError('a header line is malformed');
  const status = Number(first[2]);
  const location = status >= 300 && status < 400 ? LOCATION_FIELD.exec(text)?.[1] : undefined;
  let length: number | undefined;
  let codings = '';
  let connection = '';
  for (const [, name, value] of text.matchAll(FRAMING_FIELDS)) {
    const field = name!.toLowerCase();
    if (field === 'connection') connection += `,${value!.toLowerCase()}`;
    else if (field === 'transfer-encoding') codings += `,${value!.toLowerCase()}`;
    else length = contentLength(value!, length);
  }
  const options = connection.split(',').map((option) => option.trim());
  const keepAlive = first[1] === '1' ? !options.includes('close') : options.includes('keep-alive');
  const head = (framing: ResponseHead['framing']): ResponseHead => ({
    status,
    framing,
    length: framing === 'length' ? (length ?? 0) : 0,
    keepAlive: keepAlive && framing !== 'close',
    ...(location !== undefined && { location }),
    ...(lapses.length > 0 && { lapses }),
  });
  if (codings !== '' && length !== undefined) throw new FramingError('both Transfer-Encoding and Content-Length');
  if (status < 200 || status === 204) {
    if (codings !== '') throw new FramingError(`Transfer-Encoding in a ${status} answer`);
    return head('none');
  }
  if (toHead || status === 304) return head('none');
  if (codings === '') return head(length === undefined ? 'close' : 'length');
  if (codings !== ',chunked')
    throw new FramingError(`expected Transfer-Encoding chunked, got ${quoted(codings.slice(1))}`);
  if (first[1] === '0') throw new FramingError('Transfer-Encoding in an HTTP/1.0 answer');
  return head('chunked');
}

function contentLength(value: string, before: number | undefined): number {
  if (!DIGITS.test(value)) throw new FramingError(`expected a decimal Content-Length, got ${quoted(value)}`);
  const length = Number(value);
  if (before !== undefined && before !== length) throw new FramingError(`Content-Length differs: ${before}, ${length}`);
  return length;
}

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
