/**
 * Fuzzing of the HTTP/1.1 readers: the same verdict at every split; and, against a second reader that shares no line with them, what
 * they let through reads the same there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '#bench/conformance/strict-reader.ts';
import { ChunkedDecoder, DATA, DONE, MORE } from '#proxies/http/chunked.ts';
import { Head, NO_BODY } from '#proxies/http/head.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { generator } from '#test/random.ts';
import { corpus, runs, splice } from './inputs.ts';

const latin1 = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, 'latin1'));

const limits = { headBytes: 2_048, targetBytes: 512, bodyBytes: 100_000 };
const head = new Head(12);
const scan = (bytes: Buffer, end = bytes.length) => scanRequestHead(head, bytes, 0, end, limits);

/** The verdict, checked at every split; what was accepted is read by the second reader, too. */
function checkHead(bytes: Buffer): 'accepted' | 'refused' | 'unfinished' {
  const whole = scan(bytes);
  for (let end = 1; end < bytes.length; end++) {
    const prefix = scan(bytes, end);
    if (prefix === 0) continue;
    // Beyond the limit there may be a second reason to refuse.
    if (prefix === -431 && whole < 0 && bytes.length > limits.headBytes) break;
    if (prefix !== whole) assert.equal(prefix, whole, `${JSON.stringify(bytes.toString('latin1'))} split at ${end}`);
    break;
  }
  if (whole <= 0) return whole === 0 ? 'unfinished' : 'refused';
  scan(bytes);
  // HTTP/1.0 may do without Host, which the second reader misses.
  if (head.minor === 0 || head.body !== NO_BODY) return 'accepted';
  const text = bytes.toString('latin1', head.start, whole);
  const { messages, problem, length } = readRequests(text);
  const [read] = messages;
  if (read === undefined || length !== text.length)
    assert.fail(`${JSON.stringify(text)}: ${problem ?? 'not read whole'}`);
  assert.equal(read.target, head.text(head.targetStart, head.targetEnd));
  assert.equal(read.method, head.text(head.start, head.methodEnd));
  assert.deepEqual(
    read.fields,
    Array.from({ length: head.count }, (_, i) => {
      const [from, to, first, last] = head.offsets.subarray(i * 4, i * 4 + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      return [head.text(from, to), head.text(first, last)];
    }),
  );
  return 'accepted';
}

const heads = latin1([
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /p/%7e/../x?q=1 HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nConnection: keep-alive, x-y\r\nX-Y: 1\r\n\r\n',
  'POST /up HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n',
  'PUT http://a.b/c HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n',
  'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
]);
const headPieces = latin1([
  '\r\n',
  '\r',
  '\n',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '\0',
  '\x7f',
  '\xe9',
  '_',
  '.',
  '%2f',
  '%00',
  '..',
  '#',
  '@',
  '\\',

  'Content-Length: 3\r\n',
  'Content-Length: 3, 3\r\n',
  'content_length: 9\r\n',
  'Host: b\r\n',
  'Host : a\r\n',
  ' folded\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'transfer.encoding: x\r\n',
  'X: \r\n',
  'Connection: host, close\r\n',
  'HTTP/1.1',
  'HTTP/2.0',
  'x'.repeat(600),
  `X: ${'y'.repeat(2_000)}\r\n`,
]);

test(`request-head: ${runs} inputs, the same at every split, accepted ones read as by the strict reader`, () => {
  for (const { input } of corpus('request-head')) checkHead(input);
  const random = generator(0x2545f491);
  const seen = { accepted: 0, refused: 0, unfinished: 0 };
  for (let run = 0; run < runs; run++) seen[checkHead(splice(heads[run % heads.length]!, headPieces, random))]++;
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > runs / 100, `${kind} came ${count} times only`);
});

const chunkLimits = { chunkExtensionBytes: 40, trailerBytes: 100 };

interface Decoded {
  readonly event: number;
  readonly content: string;
  readonly trailers: string;
  /** Octets taken, once it is done. */
  readonly length: number;
}

function decode(pieces: readonly Buffer[]): Decoded {
  const decoder = new ChunkedDecoder(chunkLimits);
  let [content, before] = ['', 0];
  for (const piece of pieces) {
    for (let position = 0; ;) {
      const event = decoder.decode(piece, position, piece.length);
      ({ position } = decoder);
      if (event === DATA) content += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
      else if (event === DONE) return { event, content, trailers: decoder.trailers, length: before + position };
      else if (event === MORE) break;
      else return { event, content: '', trailers: '', length: 0 };
    }
    before += piece.length;
  }
  return { event: MORE, content, trailers: '', length: 0 };
}

const chunkedHead = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

function checkChunked(bytes: Buffer): 'done' | 'unfinished' | 'refused' {
  const whole = decode([bytes]);
  for (let at = 1; at < bytes.length; at++) {
    const split = decode([bytes.subarray(0, at), bytes.subarray(at)]);
    if (split.event === whole.event && split.content === whole.content && split.length === whole.length) continue;
    assert.deepEqual(split, whole, `${JSON.stringify(bytes.toString('latin1'))} split at ${at}`);
  }
  if (whole.event !== DONE) return whole.event === MORE ? 'unfinished' : 'refused';
  const text = chunkedHead + bytes.toString('latin1', 0, whole.length);
  // The second reader takes no extensions, and no size of more digits than any size needs.
  if (text.includes(';') || /0[0-9A-Fa-f]{12}/.test(text)) return 'done';
  const { messages, problem, length } = readRequests(text);
  if (messages.length !== 1 || length !== text.length)
    assert.fail(`${JSON.stringify(text)}: ${problem ?? 'not read whole'}`);
  assert.equal(messages[0]!.body, whole.content);
  return 'done';
}

const bodies = latin1([
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '3;a=b\r\nabc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-T: 1\r\n\r\n',
  '1\r\na\r\n1\r\nb\r\n00\r\n\r\nGET / HTTP/1.1\r\n',
  '2;q="x"\r\n\r\n\r\n0;last\r\nA: b\r\nC: d\r\n\r\n',
]);
const bodyPieces = latin1([
  '\r\n',
  '\r',
  '\n',
  '0\r\n\r\n',
  '0\r\n',
  ';',
  ';x',
  '=',
  '"',
  ' ',
  '\t',
  '\0',
  '+',
  '-',
  '0x',
  'F',
  'fffffffffffff',
  '3\r\nabc\r\n',
  'Content-Length: 1\r\n',
  'host: b\r\n',
  'T: ',
  ':',
  '_',
  'z'.repeat(50),
]);

test(`chunked: ${runs} inputs, the same at every split, complete ones read as by the strict reader`, () => {
  for (const { input } of corpus('chunked')) checkChunked(input);
  const random = generator(0x6d2b79f5);
  const seen = { done: 0, unfinished: 0, refused: 0 };
  for (let run = 0; run < runs; run++) seen[checkChunked(splice(bodies[run % bodies.length]!, bodyPieces, random))]++;
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > runs / 100, `${kind} came ${count} times only`);
});
