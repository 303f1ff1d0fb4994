/**
 * Seeded differential fuzzing of the HTTP/1.1 wire: mutated messages, read by the scanners in one piece and in two, and by the strict
 * reader, which shares no code with them. `HOPCOST_FUZZ_RUNS` sets the number of inputs per reader.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests, readResponses, type Field, type StrictRequest } from '#bench/conformance/strict-reader.ts';
import { ChunkedDecoder, DATA, DONE, MORE, TOO_LARGE } from '#proxies/http/chunked.ts';
import { FieldBlock } from '#proxies/http/field-block.ts';
import { forbiddenInTrailers } from '#proxies/http/fields.ts';
import { type Metadata, viaOf } from '#proxies/http/forwarding.ts';
import { CHUNKED, Head, INCOMPLETE, LENGTH, UNTIL_CLOSE } from '#proxies/http/head.ts';
import { reissueRequest, reissueResponse } from '#proxies/http/reissue.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { scanResponseHead } from '#proxies/http/response-head.ts';
import { type Below, generator } from '#test/random.ts';

const runs = Number(process.env['HOPCOST_FUZZ_RUNS'] ?? 340_000);

/** What parsers have stumbled over, to be put in anywhere. */
const stones = [
  [
    '\r\n',
    '\r',
    '\n',
    '\r\n\r\n',
    ' ',
    '\t',
    ':',
    ',',
    ';',
    '\0',
    '\x7f',
    '\x80',
    '\xff',
    '0',
    '1',
    'F',
    'f',
    '-',
    '+1',
  ],
  ['0x', '%2e', '%2F', '%00', '..', '/../', '\\', '#', '?', '@', '[::1]', '*', '_', '.', ' HTTP/1.0', 'HTTP/1.2'],
  ['Content-Length: 3\r\n', 'content_length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n'],
  ['Host: b\r\n', 'Connection: X-A, close\r\n', 'Trailer: X\r\n', ' folded\r\n', 'X-Forwarded-For: 1\r\n', 'A: b\r\n'],
].flat();

function mutate(seed: string, random: Below): string {
  let text = seed;
  for (let edits = random(4); edits > 0; edits -= 1) {
    const at = random(text.length + 1);
    const kind = random(6);
    const stone = kind < 3 ? stones[random(stones.length)]! : kind === 3 ? String.fromCharCode(random(256)) : '';
    text = text.slice(0, at) + stone + text.slice(at + (kind < 2 ? 0 : random(4)));
  }
  return random(16) === 0 ? text.slice(0, random(text.length + 1)) : text;
}

/** A verdict on the first part must be the verdict on the whole. */
function agreesAtSplit(text: string, whole: number, random: Below, scan: (text: string) => number): void {
  const prefix = scan(text.slice(0, random(text.length + 1)));
  if (prefix !== INCOMPLETE) assert.equal(prefix, whole, JSON.stringify(text));
}

const lower = (fields: readonly Field[]) => fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`);
const fieldsOf = (head: Head) => Array.from({ length: head.count }, (_, i) => `${head.name(i)}: ${head.value(i)}`);
/** Enough of any body for the strict reader to find its end. */
const bodyFor = ({ body, contentLength }: Head) => (body === CHUNKED ? '0\r\n\r\n' : 'x'.repeat(contentLength));

const metadata: Metadata = {
  xForwardedFor: true,
  forwarded: true,
  via: viaOf('p'),
  address: '192.0.2.1',
  secure: false,
  trusted: false,
  fields: new FieldBlock('X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n'),
  last: undefined,
};
const limits = { headBytes: 512, targetBytes: 128, bodyBytes: 64, chunkExtensionBytes: 16, trailerBytes: 64 };

const requests = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /a/b?c=d HTTP/1.1\r\nHost: a.example:80\r\nContent-Length: 5\r\nX-A: b\r\n\r\n',
  'PUT /a%20b/../c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive, X-A\r\nX-A: c\r\n\r\n',
  'GET http://b.example/x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\nTE: trailers\r\n\r\n',
  'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
  'GET / HTTP/1.0\r\nUser-Agent: x\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: [::1]:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
];

/** Whether a request that the strict reader takes may be refused for what it does not look at. */
function isSuspect({ method, target, fields }: StrictRequest): boolean {
  const host = fields.filter(([name]) => /^host$/i.test(name)).map(([, value]) => value)[0] ?? '';
  return (
    !/^\/[^%#;\\.]*$/.test(target) ||
    /^(CONNECT|.{33,})$/.test(method) ||
    !/^[a-z.]+(:80)?$/.test(host) ||
    fields.some(([name]) => /[_.]/.test(name)) ||
    fields.some(([name, value]) => /^connection$/i.test(name) && !/^[\w-]+(, [\w-]+)*$/.test(value))
  );
}

test(`request heads: ${runs} mutated inputs mean to the strict reader what they mean to the scanner, and so does what is reissued`, () => {
  const head = new Head(32);
  const scan = (text: string): number => {
    const buffer = Buffer.from(text, 'latin1');
    return scanRequestHead(head, buffer, 0, buffer.length, limits);
  };
  const random = generator(0x2545f491);
  const seen = { accepted: 0, refused: 0, incomplete: 0 };
  for (let run = 0; run < runs; run += 1) {
    const text = mutate(requests[run % requests.length]!, random);
    const whole = scan(text);
    agreesAtSplit(text, whole, random, scan);
    scan(text); // fills the head again
    const bare = text.replace(/^\r\n/, '');
    if (whole > 0) {
      seen.accepted += 1;
      const octets = text.slice(text.length - bare.length, whole) + bodyFor(head);
      const { messages, problem } = readRequests(octets);
      const unnamed = head.minor === 0 && !/^host:/im.test(octets); // HTTP/1.0 need not name a host
      if (!unnamed) {
        const [message] = messages;
        assert.ok(message, `${JSON.stringify(text)}: ${problem}`);
        assert.equal(message.method, head.text(head.start, head.methodEnd));
        assert.equal(message.target, head.text(head.targetStart, head.targetEnd));
        assert.equal(message.minor, head.minor);
        assert.deepEqual(lower(message.fields), fieldsOf(head));
        assert.equal(message.body.length, head.body === LENGTH ? head.contentLength : 0);
      }
      if (head.authorityStart === head.authorityEnd) head.host = 'd';
      const sent = reissueRequest(head, metadata);
      const { messages: reread, problem: why } = readRequests(sent + bodyFor(head));
      assert.ok(reread[0], `${JSON.stringify(text)} was sent as ${JSON.stringify(sent)}: ${why}`);
      assert.equal(reread.length, 1);
      assert.equal(reread[0].framing === 'chunked', head.body === CHUNKED);
      assert.equal(reread[0].fields.filter(([name]) => /^x-forwarded-for$/i.test(name)).length, 1);
    } else if (whole === INCOMPLETE) {
      seen.incomplete += 1;
      assert.ok(!/\r\n\r\n/.test(bare), `${JSON.stringify(text)} is complete`);
    } else {
      seen.refused += 1;
      const end = bare.indexOf('\r\n\r\n') + 4;
      const { messages } = readRequests(bare.slice(0, end) + 'x'.repeat(64) + '0\r\n\r\n');
      const [message] = messages;
      // A length may reach beyond what is added here; then the strict reader says nothing either.
      if (message !== undefined && whole === -400) assert.ok(isSuspect(message), `${JSON.stringify(text)} was refused`);
    }
  }
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > runs / 100, `${kind} came ${count} times only`);
});

const responses = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-A\r\nX-A: b\r\n\r\n',
  'HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nKeep-Alive: timeout=5\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nVary : *\r\n\r\n',
  'HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5, 5\r\nX: y\n\n',
];

test(`response heads: ${runs} mutated inputs, what is accepted is reissued as the strict reader takes it`, () => {
  const head = new Head(32);
  const scan = (text: string): number => {
    const buffer = Buffer.from(text, 'latin1');
    return scanResponseHead(head, buffer, 0, buffer.length, limits, 0);
  };
  const random = generator(0x1b873593);
  const seen = { accepted: 0, refused: 0, incomplete: 0 };
  for (let run = 0; run < runs; run += 1) {
    const text = mutate(responses[run % responses.length]!, random);
    const whole = scan(text);
    agreesAtSplit(text, whole, random, scan);
    scan(text);
    seen[whole > 0 ? 'accepted' : whole === INCOMPLETE ? 'incomplete' : 'refused'] += 1;
    if (whole <= 0 || head.status < 200) continue;
    const lines = head.body === CHUNKED ? 'Transfer-Encoding: chunked\r\n' : '';
    const sent = reissueResponse(head, lines);
    const body = head.body === LENGTH || head.body === CHUNKED ? bodyFor(head) : '';
    const { messages, problem } = readResponses(sent + body, ['GET'], true);
    const [message] = messages;
    assert.ok(message, `${JSON.stringify(text)} was sent as ${JSON.stringify(sent)}: ${problem}`);
    assert.equal(message.status, head.status);
    assert.ok(message.complete);
    assert.equal(message.framing === 'close', head.body === UNTIL_CLOSE);
  }
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > runs / 100, `${kind} came ${count} times only`);
});

const bodies = [
  '0\r\n\r\n',
  '3\r\nabc\r\n0\r\n\r\n',
  '5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
  '1;a=b\r\na\r\n00\r\n\r\n',
  '4\r\n\r\n\r\n\r\n02\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\n',
];

interface Decoded {
  readonly event: number;
  readonly content: string;
  readonly trailers: string;
  /** Octets taken. */
  readonly length: number;
}

function decode(pieces: readonly string[]): Decoded {
  const decoder = new ChunkedDecoder(limits);
  let content = '';
  let length = 0;
  for (const piece of pieces) {
    const buffer = Buffer.from(piece, 'latin1');
    let event = MORE;
    let position = 0;
    do {
      event = decoder.decode(buffer, position, buffer.length);
      if (event !== MORE && event !== DATA && event !== DONE) return { event, content: '', trailers: '', length: 0 };
      position = decoder.position;
      if (event === DATA) content += buffer.toString('latin1', decoder.dataStart, decoder.dataEnd);
    } while (event === DATA);
    length += position;
    if (event === DONE) return { event, content, trailers: decoder.trailers, length };
  }
  return { event: MORE, content, trailers: '', length };
}

test(`chunked bodies: ${runs} mutated inputs, the same at a split, the same to the strict reader`, () => {
  const prefix = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  const random = generator(0xcc9e2d51);
  const seen = { done: 0, more: 0, malformed: 0 };
  for (let run = 0; run < runs; run += 1) {
    const text = mutate(bodies[run % bodies.length]!, random);
    const whole = decode([text]);
    const cut = random(text.length + 1);
    assert.deepEqual(decode([text.slice(0, cut), text.slice(cut)]), whole, JSON.stringify(text));
    seen[whole.event === DONE ? 'done' : whole.event === MORE ? 'more' : 'malformed'] += 1;
    if (text.includes(';')) continue; // the strict reader takes no extensions: what is sent on has none
    const { messages, problem } = readRequests(prefix + text);
    const [message] = messages;
    const why = `${JSON.stringify(text)}: ${problem}`;
    if (whole.event === DONE) {
      assert.ok(message, why);
      assert.equal(message.body, whole.content);
      assert.equal(
        lower(message.trailers)
          .map((line) => `${line}\r\n`)
          .join(''),
        whole.trailers,
      );
      assert.ok(text.length >= whole.length);
    } else if (whole.event === MORE) assert.equal(message, undefined, why);
    else if (message !== undefined) {
      const names = message.trailers.map(([name]) => name.toLowerCase().replaceAll(/[_.]/g, '-'));
      assert.ok(whole.event === TOO_LARGE || names.some((name) => forbiddenInTrailers.has(name)), why);
    }
  }
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > runs / 100, `${kind} came ${count} times only`);
});
