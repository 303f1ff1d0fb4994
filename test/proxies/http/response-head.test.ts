/** How an answer's body is framed (RFC 9112 §6), how long its head may be, and what several fields of one name come to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectsContinue } from '#proxies/http/forwarding.ts';
import { CHUNKED, GET, HEAD, Head, LENGTH, NO_BODY, UNTIL_CLOSE } from '#proxies/http/head.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { scanResponseHead } from '#proxies/http/response-head.ts';

const LIMIT = 256;
const head = new Head(16);
const scan = (text: string, method = GET, headBytes = LIMIT): number => {
  const buffer = Buffer.from(text, 'latin1');
  return scanResponseHead(head, buffer, 0, buffer.length, { headBytes }, method);
};
const answer = (status: number, ...fields: readonly string[]): string =>
  [`HTTP/1.1 ${status} x`, ...fields, '', ''].join('\r\n');

const FRAMED: readonly (readonly [text: string, body: number, length: number, method?: number])[] = [
  [answer(200, 'Content-Length: 9'), LENGTH, 9],
  [answer(200, 'Content-Length: 90'), LENGTH, 90],
  [answer(200, 'Content-Length: 0'), NO_BODY, 0],
  [answer(200, 'Content-Length: 7, 7'), LENGTH, 7],
  [answer(200, 'Content-Length: 7', 'Content-Length: 7'), LENGTH, 7],
  [answer(200, 'Transfer-Encoding: chunked'), CHUNKED, 0],
  [answer(200), UNTIL_CLOSE, 0],
  [answer(199, 'Content-Length: 7'), NO_BODY, 0],
  [answer(204, 'Content-Length: 0'), NO_BODY, 0],
  [answer(304, 'Content-Length: 7'), NO_BODY, 7],
  [answer(200, 'Content-Length: 7'), NO_BODY, 7, HEAD],
];
const REFUSED: readonly string[] = [
  answer(200, 'Content-Length: :'),
  answer(200, 'Content-Length: 1/'),
  answer(200, 'Content-Length: '),
  answer(200, 'Content-Length: 7', 'Content-Length: 8'),
  answer(200, 'Content-Length: 99999999999999999'),
  answer(200, 'Content-Length: 7', 'Transfer-Encoding: chunked'),
  answer(200, 'Transfer-Encoding: chunked, chunked'),
  answer(200, 'Transfer-Encoding: chunked').replace('1.1', '1.0'),
  answer(99),
];

test('the body of an answer ends where the RFC says', () => {
  for (const [text, body, length, method] of FRAMED) {
    assert.equal(scan(text, method), text.length, text);
    assert.deepEqual([head.body, head.contentLength], [body, length], text);
  }
  for (const text of REFUSED) assert.equal(scan(text), -502, text);
});

test('a head may be as long as the limit, whole or not yet', () => {
  const text = answer(200, 'Content-Length: 1');
  assert.equal(scan(text, GET, text.length), text.length);
  assert.equal(scan(text, GET, text.length - 1), -502);
  const part = text.slice(0, -1);
  assert.equal(scan(part, GET, text.length), 0, 'more may come');
  assert.equal(scan(part, GET, part.length), -502, 'what is to come would be too much');
});

test('several fields of one name are one list', () => {
  scan(answer(200, 'Content-Length: 0', 'X-A: one', 'X-B: else', 'x-a: two'));
  assert.equal(head.get('x-a'), 'one, two');
  assert.equal(head.get('x-b'), 'else');
  assert.equal(head.get('x-c'), undefined);
});

test('a client waits for 100 where it says so, speaks HTTP/1.1 and has a body', () => {
  const asked = new Head(16);
  const waits = (version: string, ...fields: readonly string[]): boolean => {
    const text = [`POST / HTTP/${version}`, 'Host: a', ...fields, '', ''].join('\r\n');
    const limits = { headBytes: 4096, targetBytes: 1024, bodyBytes: 1000 };
    assert.equal(scanRequestHead(asked, Buffer.from(text), 0, text.length, limits), text.length);
    return expectsContinue(asked);
  };
  assert.equal(waits('1.1', 'Expect: 100-continue', 'Content-Length: 5'), true);
  assert.equal(waits('1.0', 'Expect: 100-continue', 'Content-Length: 5'), false);
  assert.equal(waits('1.1', 'Expect: 100-continue'), false);
  assert.equal(waits('1.1', 'Content-Length: 5'), false);
});
