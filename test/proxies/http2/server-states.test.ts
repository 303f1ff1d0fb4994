/** What a server answers to frames by the state of their streams and of the connection: RFC 9113 §3.4, §5, §6. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorName } from '#proxies/http2/errors.ts';
import { frame, uint32 } from './frame-bytes.ts';
import { EMPTY_SETTINGS, greetedServer, PREFACE_BYTES, Recorder } from './recorder.ts';
import { block, GET, OK, type Pairs, POST, section } from './requests.ts';

const [END, HEADERS_END, BOTH] = [1, 4, 5];
const request = (id: number, pairs: Pairs = GET, flags = BOTH): Buffer => frame(1, flags, id, block(pairs));
const open = (id: number): Buffer => request(id, POST, HEADERS_END);
const settings = (id: number, value: number): Buffer =>
  frame(4, 0, 0, Buffer.concat([Buffer.of(0, id), uint32(value)]));

/** `GOAWAY code` or `RST_STREAM id code` of what was answered, the first of them; '' for none. */
function verdict(server: Recorder): string {
  for (const { type, streamId, payload } of server.frames()) {
    if (type === 7 && payload.readUInt32BE(4) !== 0) return `GOAWAY ${errorName(payload.readUInt32BE(4))}`;
    if (type === 3) return `RST_STREAM ${streamId} ${errorName(payload.readUInt32BE(0))}`;
  }
  return '';
}

const answerAll = (server: Recorder): void => {
  server.onRequest = (stream) => server.connection.sendHeaders(stream, section(OK), true);
};

/** `isAnswered`: the server answers each request with its head, so that a stream is closed once the request has ended. */
const CASES: readonly { name: string; frames: readonly Buffer[]; verdict: string; isAnswered?: true }[] = [
  { name: '§5.1 idle: DATA', frames: [frame(0, 0, 1, 'ab')], verdict: 'GOAWAY PROTOCOL_ERROR' },
  { name: '§5.1 idle: RST_STREAM', frames: [frame(3, 0, 1, uint32(8))], verdict: 'GOAWAY PROTOCOL_ERROR' },
  { name: '§5.1 idle: WINDOW_UPDATE', frames: [frame(8, 0, 1, uint32(8))], verdict: 'GOAWAY PROTOCOL_ERROR' },
  { name: '§5.1 idle: PRIORITY is well', frames: [frame(2, 0, 1, '0000000010')], verdict: '' },
  { name: '§5.1 half-closed: DATA', frames: [request(1), frame(0, 0, 1, 'ab')], verdict: 'RST_STREAM 1 STREAM_CLOSED' },
  { name: '§5.1 half-closed: HEADERS', frames: [request(1), request(1)], verdict: 'RST_STREAM 1 STREAM_CLOSED' },
  { name: '§5.1 half-closed: WINDOW_UPDATE is well', frames: [request(1), frame(8, 0, 1, uint32(9))], verdict: '' },
  {
    name: '§5.1 closed by both sides: DATA',
    frames: [request(1), frame(0, 0, 1, 'ab')],
    verdict: 'GOAWAY STREAM_CLOSED',
    isAnswered: true,
  },
  {
    name: '§5.1 closed by both sides: HEADERS',
    frames: [request(1), request(1)],
    verdict: 'GOAWAY STREAM_CLOSED',
    isAnswered: true,
  },
  {
    name: '§5.1 closed by both sides: WINDOW_UPDATE and RST_STREAM are well',
    frames: [request(1), frame(8, 0, 1, uint32(9)), frame(3, 0, 1, uint32(8)), frame(2, 0, 1, '0000000010')],
    verdict: '',
    isAnswered: true,
  },
  {
    name: '§5.1 closed by the peer’s RST_STREAM: DATA',
    frames: [open(1), frame(3, 0, 1, uint32(8)), frame(0, 0, 1, 'ab')],
    verdict: 'GOAWAY STREAM_CLOSED',
  },
  { name: '§5.1.1 an even identifier', frames: [request(2)], verdict: 'GOAWAY PROTOCOL_ERROR' },
  {
    name: '§5.1.1 an identifier that was passed over',
    frames: [request(5), request(3)],
    verdict: 'GOAWAY PROTOCOL_ERROR',
  },
  { name: '§5.1.1 identifiers may be passed over', frames: [request(5), request(11)], verdict: '' },
  {
    name: '§5.3 HEADERS that depend on themselves',
    frames: [frame(1, 0x25, 1, Buffer.concat([Buffer.from('0000000110', 'hex'), block(GET)]))],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§5.3 PRIORITY that depends on itself',
    frames: [open(1), frame(2, 0, 1, '0000000110')],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  { name: '§5.5 unknown frames are ignored', frames: [frame(0x42, 0xff, 0, 'ab'), frame(0x42, 0, 7)], verdict: '' },
  {
    name: '§6.3 PRIORITY of four bytes',
    frames: [open(1), frame(2, 0, 1, '00000000')],
    verdict: 'RST_STREAM 1 FRAME_SIZE_ERROR',
  },
  {
    name: '§6.3 PRIORITY of four bytes, idle',
    frames: [frame(2, 0, 1, '00000000')],
    verdict: 'GOAWAY FRAME_SIZE_ERROR',
  },
  { name: '§6.5.2 ENABLE_PUSH of 2', frames: [settings(2, 2)], verdict: 'GOAWAY PROTOCOL_ERROR' },
  {
    name: '§6.5.2 INITIAL_WINDOW_SIZE above 2^31-1',
    frames: [settings(4, 2 ** 31)],
    verdict: 'GOAWAY FLOW_CONTROL_ERROR',
  },
  { name: '§6.5.2 MAX_FRAME_SIZE of 16383', frames: [settings(5, 16_383)], verdict: 'GOAWAY PROTOCOL_ERROR' },
  { name: '§6.5.2 MAX_FRAME_SIZE of 2^24', frames: [settings(5, 2 ** 24)], verdict: 'GOAWAY PROTOCOL_ERROR' },
  { name: '§6.5.2 an unknown setting is ignored', frames: [settings(0xff, 2 ** 32 - 1)], verdict: '' },
  {
    name: '§6.6 PUSH_PROMISE',
    frames: [open(1), frame(5, 4, 1, Buffer.concat([uint32(2), block(GET)]))],
    verdict: 'GOAWAY PROTOCOL_ERROR',
  },
  {
    name: '§6.9 an increment of 0 for the connection',
    frames: [frame(8, 0, 0, uint32(0))],
    verdict: 'GOAWAY PROTOCOL_ERROR',
  },
  {
    name: '§6.9 an increment of 0 for a stream',
    frames: [open(1), frame(8, 0, 1, uint32(0))],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§6.9.1 a window of the connection above 2^31-1',
    frames: [frame(8, 0, 0, uint32(2 ** 31 - 1))],
    verdict: 'GOAWAY FLOW_CONTROL_ERROR',
  },
  {
    name: '§6.9.1 a window of a stream above 2^31-1',
    frames: [open(1), frame(8, 0, 1, uint32(2 ** 31 - 1))],
    verdict: 'RST_STREAM 1 FLOW_CONTROL_ERROR',
  },
  {
    name: '§6.9.2 a setting that takes the window of a stream above 2^31-1',
    frames: [open(1), frame(8, 0, 1, uint32(2 ** 31 - 1 - 65_535)), settings(4, 65_536)],
    verdict: 'GOAWAY FLOW_CONTROL_ERROR',
  },
  {
    name: '§8.1 a second head that does not end the stream',
    frames: [open(1), request(1, [['x-a', 'b']], HEADERS_END)],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1 trailers with a pseudo-field',
    frames: [open(1), request(1, [[':path', '/']])],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1 trailers of one connection',
    frames: [open(1), request(1, [['connection', 'x']])],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1.1 less content than announced',
    frames: [request(1, [...POST, ['content-length', '3']], HEADERS_END), frame(0, END, 1, 'ab')],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1.1 more content than announced',
    frames: [request(1, [...POST, ['content-length', '3']], HEADERS_END), frame(0, 0, 1, 'abcdabcd')],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1.1 content announced that never follows',
    frames: [request(1, [...POST, ['content-length', '3']])],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1.1 less content than announced before trailers',
    frames: [
      request(1, [...POST, ['content-length', '3']], HEADERS_END),
      frame(0, 0, 1, 'ab'),
      request(1, [['x-a', 'b']]),
    ],
    verdict: 'RST_STREAM 1 PROTOCOL_ERROR',
  },
  {
    name: '§8.1.1 as much content as announced',
    frames: [
      request(1, [...POST, ['content-length', '3']], HEADERS_END),
      frame(0, 8, 1, '01 ab 00'),
      frame(0, 0, 1, 'cd'),
      frame(0, END, 1, 'ef'),
    ],
    verdict: '',
  },
  { name: 'HPACK: a block that is none', frames: [frame(1, BOTH, 1, 'ff')], verdict: 'GOAWAY COMPRESSION_ERROR' },
  {
    name: 'HPACK: also where the stream is refused',
    frames: [request(5), frame(1, BOTH, 3, 'ff')],
    verdict: 'GOAWAY COMPRESSION_ERROR',
  },
];

describe('a server', () => {
  for (const { name, frames, verdict: expected, isAnswered } of CASES) {
    it(`${name}${expected === '' ? '' : ` → ${expected}`}`, () => {
      const bytes = Buffer.concat(frames);
      const run = (pieces: readonly Buffer[]): [string, string[]] => {
        const server = greetedServer();
        if (isAnswered) answerAll(server);
        for (const piece of pieces) server.receive(piece);
        return [verdict(server), server.heard()];
      };
      const [whole, events] = run([bytes]);
      assert.equal(whole, expected);
      for (let at = 1; at < bytes.length; at++)
        assert.deepEqual(run([bytes.subarray(0, at), bytes.subarray(at)]), [whole, events], `split at ${at}`);
      assert.deepEqual(run(Array.from(bytes, (byte) => Buffer.of(byte))), [whole, events], 'byte by byte');
    });
  }

  it('reads past frames of a stream that it has reset itself, and gives their bytes back to the connection', () => {
    const server = greetedServer({ connectionWindow: 65_535 });
    server.receive(open(1));
    server.connection.reset(server.streams.get(1)!, 8);
    assert.equal(verdict(server), 'RST_STREAM 1 CANCEL');
    const data = Buffer.concat(Array.from({ length: 20 }, () => frame(0, 0, 1, Buffer.alloc(10_000))));
    for (const piece of [data, request(1, [['x-a', 'b']]), request(3)]) server.receive(piece);
    const updates = server.frames().filter(({ type }) => type === 8);
    assert.ok(updates.length >= 4 && updates.every(({ streamId }) => streamId === 0));
    assert.equal(server.heard().at(-1), 'headers 3 :method=GET :scheme=http :path=/ :authority=a.example end');
  });

  it('greets, and wants to be greeted', () => {
    const server = new Recorder('server', { maxConcurrentStreams: 7, headerListBytes: 9_000 });
    server.connection.start();
    const [settingsFrame, update] = server.frames();
    assert.equal(settingsFrame!.payload.toString('hex'), '000300000007' + '00040000ffff' + '000600002328');
    assert.equal(update!.payload.readUInt32BE(), 1_048_576 - 65_535);
    server.receive(Buffer.concat([PREFACE_BYTES, EMPTY_SETTINGS]));
    assert.deepEqual(
      server.frames().map(({ type, flags }) => [type, flags]),
      [[4, 1]],
    );
  });

  for (const [name, bytes] of [
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a preface that goes wrong late', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r!')],
    ['another frame than SETTINGS', Buffer.concat([PREFACE_BYTES, frame(6, 0, 0, '0000000000000000')])],
    ['DATA before SETTINGS', Buffer.concat([PREFACE_BYTES, frame(0, 0, 1, 'ab')])],
    ['an acknowledgement before SETTINGS', Buffer.concat([PREFACE_BYTES, frame(4, 1, 0)])],
  ] as const) {
    it(`ends a connection that begins with ${name}`, () => {
      const server = new Recorder('server');
      server.connection.start();
      server.sent();
      server.receive(bytes);
      assert.equal(verdict(server), 'GOAWAY PROTOCOL_ERROR');
      server.receive(request(1));
      assert.deepEqual(server.heard(), ['failure PROTOCOL_ERROR']);
    });
  }

  it('refuses streams above its limit, and serves others on', () => {
    const server = greetedServer({ maxConcurrentStreams: 2 });
    server.receive(Buffer.concat([open(1), open(3), open(5), frame(0, END, 5), frame(3, 0, 1, uint32(8)), open(7)]));
    assert.equal(verdict(server), 'RST_STREAM 5 REFUSED_STREAM');
    assert.deepEqual(
      server.heard().map((event) => event.split(' ').slice(0, 2).join(' ')),
      ['headers 1', 'headers 3', 'refused 5', 'close 1', 'headers 7'],
    );
  });

  it('answers a head above the limit with 431, a block beyond all measure with the end', () => {
    const server = greetedServer({ headerListBytes: 1_000 });
    const huge = (count: number): Pairs => [
      ...GET,
      ...Array.from({ length: count }, (_, at) => [`x-${at}`, 'v'.repeat(90)] as const),
    ];
    server.receive(Buffer.concat([request(1, huge(20)), request(3)]));
    const [answer] = server.frames();
    assert.equal(answer!.streamId, 1);
    assert.ok(
      answer!.payload.includes(Buffer.from('431')) || answer!.payload[0] === 0x48,
      answer!.payload.toString('hex'),
    );
    assert.equal(server.heard().at(-1), 'headers 3 :method=GET :scheme=http :path=/ :authority=a.example end');
    const whole = block(huge(1_000));
    const cut = Array.from({ length: Math.ceil(whole.length / 16_000) }, (_, at) => {
      return frame(at === 0 ? 1 : 9, at === 0 ? END : 0, 5, whole.subarray(at * 16_000, (at + 1) * 16_000));
    });
    server.receive(Buffer.concat(cut));
    assert.equal(verdict(server), 'GOAWAY ENHANCE_YOUR_CALM');
  });

  it('answers PING and SETTINGS', () => {
    const server = greetedServer();
    server.receive(Buffer.concat([frame(6, 0, 0, '0102030405060708'), settings(3, 5), frame(6, 1, 0, '00'.repeat(8))]));
    assert.deepEqual(
      server.frames().map(({ type, flags, payload }) => `${type}/${flags}/${payload.toString('hex')}`),
      ['6/1/0102030405060708', '4/1/'],
    );
    assert.equal(server.connection.peerSettings.maxConcurrentStreams, 5);
  });

  it('waits for SETTINGS, their acknowledgement and the end of a block no longer than it must', () => {
    const waitFor = (bytes: Buffer): string => {
      const server = new Recorder('server', { settingsTimeout: 1_000, headTimeout: 2_000 });
      server.now = 50;
      server.connection.start();
      server.sent();
      server.receive(bytes);
      for (server.now = 1_000; server.now < 10_000; server.now += 1_000) server.connection.tick();
      return verdict(server);
    };
    const greeting = Buffer.concat([PREFACE_BYTES, EMPTY_SETTINGS]);
    assert.equal(waitFor(PREFACE_BYTES), 'GOAWAY SETTINGS_TIMEOUT');
    assert.equal(waitFor(greeting), 'GOAWAY SETTINGS_TIMEOUT');
    assert.equal(waitFor(Buffer.concat([greeting, frame(4, 1, 0)])), '');
    assert.equal(waitFor(Buffer.concat([greeting, frame(4, 1, 0), frame(1, 0, 1, '82')])), 'GOAWAY ENHANCE_YOUR_CALM');
  });
});
