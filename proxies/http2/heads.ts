/**
 * Heads of HTTP/2 as the table that routes, filters and the other codec read (`proxies/http/head.ts`). They are written as HTTP/1.1
 * would write them and scanned as such: one set of rules decides for both, and nothing that HTTP/1.1 reads differently gets through. A
 * body of unknown length counts as chunked.
 */
import { type Head, HEAD } from '../http/head.ts';
import { type HeadRules, scanRequestHead } from '../http/request-head.ts';
import { scanResponseHead } from '../http/response-head.ts';
import { type MessageHead, joinCookies } from './message.ts';
import { writeLatin1 } from './output.ts';

/** What the table's offsets count in: good until the next head, or until `Head.detach`. */
let scratch = Buffer.allocUnsafeSlow(16_384);

/** Fills `head` with a request. `isEnd`: no content follows. Gives 0, or minus the status to refuse with, as the scanner does. */
export function fillRequestHead(head: Head, message: MessageHead, isEnd: boolean, rules: HeadRules): number {
  const { method, authority, path, contentLength } = message;
  const target = method === 'CONNECT' ? authority : path;
  const host = authority === '' ? '' : `host: ${authority}\r\n`;
  const framing = isEnd || contentLength >= 0 || method === 'CONNECT' ? '' : 'transfer-encoding: chunked\r\n';
  const length = write(`${method} ${target} HTTP/1.1\r\n${host}${linesOf(message, authority !== '')}${framing}\r\n`);
  const result = scanRequestHead(head, scratch, 0, length, rules);
  mark(head, message);
  return result > 0 ? 0 : result === 0 ? -400 : result;
}

/** Fills `head` with a response. `method`: the number of the method that is answered. 0 or -502. */
export function fillResponseHead(
  head: Head,
  message: MessageHead,
  isEnd: boolean,
  { method, headBytes }: { readonly method: number; readonly headBytes: number },
): number {
  const { status, contentLength } = message;
  const framing =
    contentLength >= 0 || method === HEAD || status < 200 || status === 204 || status === 304
      ? ''
      : isEnd
        ? 'content-length: 0\r\n'
        : 'transfer-encoding: chunked\r\n';
  const length = write(`HTTP/1.1 ${status} \r\n${linesOf(message, false)}${framing}\r\n`);
  const result = scanResponseHead(head, scratch, 0, length, { headBytes }, method);
  mark(head, message);
  return result > 0 ? 0 : -502;
}

/** What the text of HTTP/1.1 cannot say. */
function mark(head: Head, { section, firstRegular }: MessageHead): void {
  head.isHttp2 = true;
  head.neverIndexed = section.sensitiveNames(firstRegular);
}

function write(text: string): number {
  if (scratch.length < text.length) scratch = Buffer.allocUnsafeSlow(text.length * 2);
  return writeLatin1(scratch, text, 0);
}

/** Cookie crumbs become one field, where the first of them stands (RFC 9113 §8.2.3). `hasHost`: Host was said already. */
function linesOf({ section, firstRegular }: MessageHead, hasHost: boolean): string {
  const { fields, count } = section;
  let text = '';
  let hasCookie = false;
  for (let index = firstRegular; index < count; index++) {
    const { name, value } = fields[index]!;
    if (hasHost && name === 'host') continue;
    if (name !== 'cookie') text += `${name}: ${value}\r\n`;
    else if (!hasCookie) {
      hasCookie = true;
      text += `cookie: ${joinCookies(section)}\r\n`;
    }
  }
  return text;
}
