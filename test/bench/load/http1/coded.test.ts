/** Answers that a hop may have coded: their content is what is held against the origin's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import { BodySample, type Expectation, HttpDialogue } from '#bench/load/http1/answer.ts';

const content = Buffer.from('the same words again and again, '.repeat(40));
const expect = { status: 200, bodyBytes: content.length, coding: 'gzip' } as const;

/** The fault of an answer with this body, in pieces of so many bytes; undefined where there is none. */
function faultOf(body: Buffer, piece = body.length, expected: Expectation = expect) {
  const dialogue = new HttpDialogue(Buffer.from('GET / HTTP/1.1\r\n\r\n'), expected, new BodySample(crc32(content)));
  const answer = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  dialogue.begin();
  for (let at = 0; at < answer.length; at += piece) {
    const part = answer.subarray(at, at + piece);
    dialogue.read(part, part.length);
  }
  return dialogue.fault;
}

test('coded or as it is, in one piece or byte by byte', () => {
  for (const body of [content, gzipSync(content), gzipSync(content, { level: 9 })])
    for (const piece of [body.length + 100, 7, 1]) assert.equal(faultOf(body, piece), undefined);
});

test('another content, a cut one, and what is no gzip are faults', () => {
  const other = Buffer.from(content.toString().replace('words', 'wards'));
  assert.match(faultOf(gzipSync(other))!.message, /the body differs from what the origin sends/);
  assert.match(faultOf(gzipSync(content.subarray(1)))!.message, /expected a content of 1280 bytes, got 1279/);
  assert.match(faultOf(gzipSync(content).subarray(0, -9))!.message, /the body is no whole gzip/);
});

test('without a coding a body of another length is a fault, coded or not', () => {
  const { coding: _coding, ...plain } = expect;
  assert.match(faultOf(gzipSync(content), undefined, plain)!.message, /expected a body of 1280 bytes/);
});
