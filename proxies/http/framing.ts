/** Where a message body ends, RFC 9112 §6. Whatever two readers could take differently is refused. */
import type { Limits } from '../config/intent.ts';
import { equalsFolded } from './connection.ts';
import { CONTENT_LENGTH, framingFields, TRANSFER_ENCODING } from './fields.ts';
import { CHUNKED, HEAD, type Head, LENGTH, NO_BODY, UNTIL_CLOSE } from './head.ts';

const chunked = Buffer.from('chunked', 'latin1');
const LENGTH_BIT = 1 << CONTENT_LENGTH;
const CODING_BIT = 1 << TRANSFER_ENCODING;

/** Fills `body` and `contentLength` of a request. 0, or -400, -413, -501. */
export function requestFraming(head: Head, limits: Pick<Limits, 'bodyBytes'>): number {
  head.body = NO_BODY;
  head.contentLength = 0;
  head.lengthAnew = false;
  if ((head.aliases & framingFields) !== 0) return -400;
  const present = head.seen & (LENGTH_BIT | CODING_BIT);
  if (present === 0) return 0;
  if (present === (LENGTH_BIT | CODING_BIT)) return -400; // §6.1: the mark of request smuggling
  if (present === CODING_BIT) {
    if (head.minor === 0) return -400;
    const refusal = codingRefusal(head);
    if (refusal !== 0) return refusal;
    head.body = CHUNKED;
    return 0;
  }
  const length = (head.repeated & LENGTH_BIT) === 0 ? readLength(head) : -1;
  if (length < 0) return -400;
  if (length > limits.bodyBytes) return -413;
  head.body = length === 0 ? NO_BODY : LENGTH;
  head.contentLength = length;
  return 0;
}

/** Fills `body` and `contentLength` of a response to `method`. 0, or -502. */
export function responseFraming(head: Head, method: number): number {
  head.body = NO_BODY;
  head.contentLength = 0;
  head.lengthAnew = false;
  const { status } = head;
  if (status < 200) return 0; // ends with its head, whatever that says, and none of it goes on
  if ((head.aliases & framingFields) !== 0) return -502;
  const present = head.seen & (LENGTH_BIT | CODING_BIT);
  if (present === (LENGTH_BIT | CODING_BIT)) return -502;
  if ((present & LENGTH_BIT) !== 0 && (head.contentLength = responseLength(head)) < 0) return -502;
  if (status === 204) return 0;
  if (present === CODING_BIT && (head.minor === 0 || codingRefusal(head) !== 0)) return -502;
  if (method === HEAD || status === 304) return 0;
  head.body =
    present === CODING_BIT ? CHUNKED : present === 0 ? UNTIL_CLOSE : head.contentLength === 0 ? NO_BODY : LENGTH;
  return 0;
}

/** `chunked` alone is understood; a list that does not end in it has no end (-400), another coding is unknown (-501). */
function codingRefusal(head: Head): number {
  const index = head.find(TRANSFER_ENCODING);
  const at = index * 4;
  if ((head.repeated & CODING_BIT) === 0) {
    if (equalsFolded(head.buffer, head.offsets[at + 2]!, head.offsets[at + 3]!, chunked)) return 0;
  }
  const codings = (head.list(TRANSFER_ENCODING) ?? '').split(',').map((coding) => coding.trim().toLowerCase());
  if (codings.at(-1) !== 'chunked' || codings.indexOf('chunked') !== codings.length - 1) return -400;
  return codings.includes('') ? -400 : -501;
}

/** Of an origin: the same length may stand there several times, in several fields or one list (RFC 9110 §8.6); -1 otherwise. */
function responseLength(head: Head): number {
  const once = (head.repeated & LENGTH_BIT) === 0 ? readLength(head) : -1;
  if (once >= 0) return once;
  const values = (head.list(CONTENT_LENGTH) ?? '').split(',').map((value) => value.trim());
  const [value = ''] = values;
  if (values.length < 2 || !/^\d{1,16}$/.test(value) || values.some((other) => other !== value)) return -1;
  head.lengthAnew = true;
  return Number.isSafeInteger(Number(value)) ? Number(value) : -1;
}

/** 1*DIGIT of the first field, within the safe integers; -1 otherwise. */
function readLength(head: Head): number {
  const at = head.find(CONTENT_LENGTH) * 4;
  const start = head.offsets[at + 2]!;
  const end = head.offsets[at + 3]!;
  if (end === start || end - start > 16) return -1;
  let length = 0;
  for (let position = start; position < end; position++) {
    const digit = head.buffer[position]! - 48;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return Number.isSafeInteger(length) ? length : -1;
}
