/**
 * What one version of HTTP could carry into the other: over real sockets, through the whole proxy, judged at the other end by a reader of
 * its own. Nothing that is refused is seen there, and what is seen can be read in one way only.
 */
import assert from 'node:assert/strict';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { readRequests, type StrictRequest, valuesOf } from '#bench/conformance/strict-reader.ts';
import { generator, type Below } from '#test/random.ts';
import { frame } from '../http2/frame-bytes.ts';
import { DATA, END_HEADERS, END_STREAM, HEADERS, type RawPeer, RST_STREAM } from '../http2/raw-peer.ts';
import { block, GET, type Pairs, POST } from '../http2/requests.ts';
import { and, BAD_REQUESTS, BAD_RESPONSES, GOOD_REQUESTS } from '../http2/sections.ts';
import { type Lab, lab, rawOrigin } from './http2-lab.ts';
import { Reader } from './lab.ts';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
/** Where `:status: 200` stands in the static table of HPACK. */
const STATUS_200 = 0x88;

/** An origin of HTTP/1.1 that writes down what it gets, and answers each whole request. */
class Recording {
  readonly connections: { text: string; socket: Socket }[] = [];
  readonly server: Server = createServer((socket) => {
    const connection = { text: '', socket };
    let answered = 0;
    this.connections.push(connection);
    socket.setEncoding('latin1').on('data', (text) => {
      connection.text += String(text);
      for (const found = readRequests(connection.text); answered < found.messages.length; answered++)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });

  /** All whole requests; what could not be read as one, or was not ended, is there as well. */
  read(): { requests: StrictRequest[]; rest: string[] } {
    const requests: StrictRequest[] = [];
    const rest: string[] = [];
    for (const { text } of this.connections) {
      const { messages, length } = readRequests(text);
      requests.push(...messages);
      if (length < text.length) rest.push(text.slice(length));
    }
    return { requests, rest };
  }
}

/** The frames of a request, of the stream that it is asked by. */
type Frames = (streamId: number) => Buffer[];
const headAlone =
  (pairs: Pairs): Frames =>
  (id) => [frame(HEADERS, END_HEADERS | END_STREAM, id, block(pairs))];
const withBody =
  (pairs: Pairs, ...content: readonly string[]): Frames =>
  (id) => [
    frame(HEADERS, END_HEADERS, id, block(pairs)),
    ...content.map((text, at) =>
      frame(DATA, at === content.length - 1 ? END_STREAM : 0, id, Buffer.from(text, 'latin1')),
    ),
  ];
const withTrailers =
  (trailers: Pairs): Frames =>
  (id) => [
    frame(HEADERS, END_HEADERS, id, block([...POST, ['trailer', trailers[0]![0]]])),
    frame(DATA, 0, id, Buffer.from('body')),
    frame(HEADERS, END_HEADERS | END_STREAM, id, block(trailers)),
  ];

/** Whether it was answered by the origin. */
async function isServed(client: RawPeer, id: number, frames: Frames): Promise<boolean> {
  client.send(...frames(id));
  const end = await client.sees(({ type, streamId }) => streamId === id && (type === HEADERS || type === RST_STREAM));
  return end.type === HEADERS && end.payload[0] === STATUS_200;
}

/** Asks for each in turn, on one connection. */
async function through(cases: readonly (readonly [name: string, Frames])[]) {
  const origin = new Recording();
  await using setup: Lab = await lab(origin.server, 'http1');
  const client = await setup.client();
  const served: string[] = [];
  for (const [at, [name, frames]] of cases.entries()) if (await isServed(client, at * 2 + 1, frames)) served.push(name);
  return { served, ...origin.read() };
}

describe('a request by HTTP/2 to an origin of HTTP/1.1', () => {
  it('that is malformed is not seen there', async () => {
    const { served, requests, rest } = await through(BAD_REQUESTS.map(([name, pairs]) => [name, headAlone(pairs)]));
    assert.deepEqual({ served, requests, rest }, { served: [], requests: [], rest: [] });
  });

  it('that is well-formed is seen as one, and as it was', async () => {
    // Nobody may ask for a tunnel here, and a message without a name for its host is none in HTTP/1.1.
    const cases = GOOD_REQUESTS.filter(([name]) => name !== 'CONNECT' && name !== 'no authority at all');
    const { served, requests, rest } = await through(cases.map(([name, pairs]) => [name, headAlone(pairs)]));
    assert.deepEqual(
      served,
      cases.map(([name]) => name),
    );
    assert.equal(requests.length, cases.length);
    assert.deepEqual(rest, []);
    const [crumbs] = cases.flatMap(([name], at) => (name === 'cookie crumbs' ? [requests[at]!] : []));
    assert.deepEqual(valuesOf(crumbs!.fields, 'cookie'), ['a=b; c=d']);
  });

  it('whose content is not as long as it says never becomes whole', async () => {
    const length = (bytes: number): Pairs => [...POST, ['content-length', `${bytes}`]];
    const { served, requests } = await through([
      ['none of five', withBody(length(5), '')],
      ['three of five', withBody(length(5), 'abc')],
      ['more than five', withBody(length(5), 'abcde', SMUGGLED)],
      ['more than none', withBody(length(0), SMUGGLED)],
      ['a head alone of five', headAlone(length(5))],
      ['another request behind', withBody(length(2), `ok${SMUGGLED}`)],
    ]);
    assert.deepEqual({ served, requests }, { served: [], requests: [] });
  });

  it('whose content looks like framing is content', async () => {
    const contents = [`0\r\n\r\n${SMUGGLED}`, SMUGGLED, '5\r\nhello\r\n0\r\n\r\n', '\r\n', '\0\n'];
    const { requests, rest } = await through([
      ...contents.map((content) => [content, withBody(POST, content)] as const),
      ...contents.map((content) => [content, withBody(POST, ...content.split(''))] as const),
      ...contents.map(
        (content) => [content, withBody([...POST, ['content-length', `${content.length}`]], content)] as const,
      ),
    ]);
    assert.deepEqual(
      requests.map(({ body }) => body),
      [...contents, ...contents, ...contents],
    );
    assert.deepEqual(rest, []);
  });

  it('ends with trailers that say nothing of its framing, its host or who asks', async () => {
    const names = [
      'transfer-encoding',
      'content-length',
      'host',
      'authorization',
      'cookie',
      ':path',
      'x-a\r\nx-b',
      'X-A',
    ];
    const { requests } = await through([
      ['good', withTrailers([['x-sum', '5']])],
      ...names.map((name) => [name, withTrailers([[name, '5']])] as const),
      ['a line end', withTrailers([['x-a', `b\r\n\r\n${SMUGGLED}`]])],
    ]);
    assert.deepEqual(
      requests[0]!.trailers.map(([name, value]) => `${name}: ${value}`),
      ['x-sum: 5'],
    );
    for (const { trailers } of requests.slice(1)) assert.deepEqual(trailers, []);
  });

  it('whose fields alias those of framing is refused', async () => {
    const names = ['transfer_encoding', 'content_length', 'transfer.encoding', 'content.length'];
    const { served, requests } = await through(names.map((name) => [name, headAlone(and(name, 'chunked'))]));
    assert.deepEqual({ served, requests }, { served: [], requests: [] });
  });

  it('cannot be forged, whatever it is made of', async () => {
    const below = generator(2_027);
    const origin = new Recording();
    await using setup = await lab(origin.server, 'http1');
    const served = new Set<string>();
    for (let connection = 0; connection < 12; connection++) {
      const client = await setup.client();
      for (let at = 0; at < 100; at++) {
        const name = `${connection}-${at}`;
        if (await isServed(client, at * 2 + 1, forged(below, name))) served.add(name);
      }
      client.socket.destroy();
    }
    const { requests } = origin.read();
    const seen = requests.map(({ fields }) => valuesOf(fields, 'x-name').join());
    assert.equal(new Set(seen).size, requests.length);
    assert.ok(served.isSubsetOf(new Set(seen)));
    assert.ok(served.size > 100 && served.size < 1_100, `${served.size} were served`);
    for (const [at, { target, fields }] of requests.entries()) {
      // Without content it was whole before any came that it had not announced, and none of that is here.
      if (!served.has(seen[at]!)) assert.deepEqual(valuesOf(fields, 'content-length'), ['0']);
      assert.doesNotMatch(target, /smuggled/);
      assert.equal(valuesOf(fields, 'evil').length, 0);
      assert.equal(valuesOf(fields, 'transfer-encoding').length + valuesOf(fields, 'content-length').length < 2, true);
    }
  });
});

const NAMES = [
  'x-a',
  'cookie',
  'te',
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
  'expect',
  'upgrade',
  'x-a\r\nevil',
];
const VALUES = [
  'b',
  '0',
  '5',
  'chunked',
  'trailers',
  'close',
  'a.example',
  'x-a',
  '100-continue',
  'b\r\nevil: 1',
  'b\n',
  '\0',
];
const PSEUDOS: Pairs = [
  [':path', `/ HTTP/1.1\r\n\r\n${SMUGGLED}`],
  [':path', '/a?b'],
  [':authority', 'a.example\r\nevil: 1'],
  [':method', `${SMUGGLED}POST`],
  [':method', 'PUT'],
  [':scheme', 'https'],
];

/** A request that is good or bad: fields, pseudo-fields and content by chance. */
function forged(below: Below, requestName: string): Frames {
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const base: [string, string][] = (below(2) === 0 ? GET : POST).map(([name, value]) => [name, value]);
  if (below(4) === 0) base.splice(below(4), 1, [...pick(PSEUDOS)]);
  const fields = Array.from({ length: below(3) }, (): [string, string] => [pick(NAMES), pick(VALUES)]);
  const pairs: Pairs = [...base, ['x-name', requestName], ...fields];
  return below(2) === 0 ? headAlone(pairs) : withBody(pairs, pick(['', 'hello', SMUGGLED, '0\r\n\r\n']));
}

describe('an answer by HTTP/2', () => {
  for (const [name, pairs, isEnd] of BAD_RESPONSES)
    it(`that has ${name} is 502 to a client of HTTP/1.1, and nothing of it`, async () => {
      const origin = rawOrigin(async (peer) => {
        const { streamId } = await peer.sees(({ type }) => type === HEADERS);
        peer.send(frame(HEADERS, END_HEADERS | (isEnd ? END_STREAM : 0), streamId, block(pairs)));
      });
      await using setup = await lab(origin, 'http2');
      const reader = new Reader(connectSocket(setup.port, '127.0.0.1'));
      const answer = await reader.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').end();
      assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
      assert.equal(answer.split('HTTP/1.1').length, 2);
    });
});
