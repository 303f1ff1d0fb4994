/** Two connections that speak with each other: messages both ways, flow control, resets, and going away. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { frame, framesOf, uint32 } from './frame-bytes.ts';
import { connect, greetedClient, greetedServer, type Pair } from './recorder.ts';
import { block, GET, OK, POST, section } from './requests.ts';

const bytes = (length: number): Buffer => Buffer.alloc(length, '0123456789');
const settings = (id: number, value: number): Buffer =>
  frame(4, 0, 0, Buffer.concat([Buffer.of(0, id), uint32(value)]));

/** The server answers 200 and then `body`, as it may. */
function answering(pair: Pair, body: Buffer): void {
  const { server } = pair;
  const rest = new Map<number, Buffer>();
  server.onMore = (stream) => {
    const left = rest.get(stream.id)!;
    rest.set(stream.id, left.subarray(server.connection.sendData(stream, left, 0, left.length, true)));
  };
  server.onRequest = (stream) => {
    server.connection.sendHeaders(stream, section(OK), false);
    rest.set(stream.id, body);
    server.onMore!(stream);
  };
}

const contentOf = (events: readonly string[], id: number): string =>
  events
    .filter((event) => event.startsWith(`data ${id} `))
    .map((event) => event.split(' ')[2])
    .join('');

describe('an exchange', () => {
  it('has heads, content and trailers both ways, and interim answers', () => {
    const { client, server, settle } = connect();
    const stream = client.connection.open(section(POST), false, 'mine')!;
    assert.equal(stream.owner, 'mine');
    assert.equal(client.connection.sendData(stream, Buffer.from('ping'), 0, 4, false), 4);
    client.connection.sendHeaders(stream, section([['x-sum', '1']]), true);
    settle();
    assert.deepEqual(server.heard(), [
      'headers 1 :method=POST :scheme=http :path=/ :authority=a.example',
      'data 1 ping',
      'trailers 1 x-sum=1',
    ]);
    const answer = server.streams.get(1)!;
    server.connection.sendHeaders(answer, section([[':status', '103']]), false);
    server.connection.sendHeaders(answer, section(OK), false);
    server.connection.sendData(answer, Buffer.from('pong'), 0, 4, false);
    server.connection.sendHeaders(answer, section([['grpc-status', '0']]), true);
    settle();
    assert.deepEqual(client.heard(), [
      'headers 1 :status=103',
      'headers 1 :status=200',
      'data 1 pong',
      'trailers 1 grpc-status=0',
      'close 1 ended',
    ]);
    assert.equal(server.heard().at(-1), 'close 1 ended');
  });

  it('ends with an empty frame where nothing else is left to say', () => {
    const { client, server, settle } = connect();
    const stream = client.connection.open(section(POST), false, '')!;
    assert.equal(client.connection.sendData(stream, Buffer.alloc(0), 0, 0, true), 0);
    settle();
    assert.equal(server.heard().at(-1), 'data 1  end');
  });

  it('cuts a large head into frames', () => {
    const { client, server, settle } = connect();
    const values = Array.from({ length: 10 }, (_, at) => [`x-${at}`, `${at}~`.repeat(1_200)] as const);
    client.connection.open(section([...GET, ...values]), true, '');
    client.connection.flush();
    const sent = client.sent();
    assert.deepEqual(
      framesOf(sent).map(({ type, flags, payload }) => `${type}/${flags}/${payload.length === 16_384}`),
      ['1/1/true', '9/4/false'],
    );
    server.receive(sent);
    settle();
    assert.match(server.heard()[0]!, /x-9=9~9~.* end$/);
  });

  it('wants a head before content, and nothing after the end', () => {
    const { client } = connect();
    const stream = client.connection.open(section(GET), true, '')!;
    assert.throws(() => client.connection.sendData(stream, bytes(1), 0, 1, false), /expected a head first/);
    assert.throws(() => client.connection.sendHeaders(stream, section([['x', 'y']]), true), /all was sent/);
    const other = client.connection.open(section(POST), false, '')!;
    assert.throws(() => client.connection.sendHeaders(other, section([['x', 'y']]), false), /one was sent/);
  });

  it('is whole whatever the sizes of windows and bodies', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 300, max: 200_000 }),
        fc.integer({ min: 65_535, max: 400_000 }),
        (sizes, streamWindow, connectionWindow) => {
          const pair = connect({ streamWindow, connectionWindow });
          const { client, server, settle } = pair;
          const body = bytes(300_000);
          const sizeOf = new Map(sizes.map((size, at) => [at * 2 + 1, size]));
          const rest = new Map<number, Buffer>();
          server.onMore = (stream) => {
            const left = rest.get(stream.id)!;
            rest.set(stream.id, left.subarray(server.connection.sendData(stream, left, 0, left.length, true)));
          };
          server.onRequest = (stream) => {
            server.connection.sendHeaders(stream, section(OK), false);
            rest.set(stream.id, body.subarray(0, sizeOf.get(stream.id)));
            server.onMore!(stream);
          };
          for (let at = 0; at < sizes.length; at++) client.connection.open(section(GET), true, '');
          settle();
          for (const [id, size] of sizeOf) {
            assert.equal(contentOf(client.heard(), id).length, size);
            assert.ok(client.heard().includes(`close ${id} ended`));
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('flow control', () => {
  it('sends no more than the peer allows, a stream and all together', () => {
    const pair = connect({ streamWindow: 1_000, connectionWindow: 65_535 });
    const { client, settle } = pair;
    client.isConsuming = false;
    answering(pair, bytes(5_000));
    client.connection.open(section(GET), true, '');
    settle();
    assert.equal(contentOf(client.heard(), 1).length, 1_000);
    const stream = client.streams.get(1)!;
    client.connection.consume(stream, 499);
    settle();
    assert.equal(contentOf(client.heard(), 1).length, 1_000, 'less than half a window is not worth a frame');
    client.connection.consume(stream, 1);
    settle();
    assert.equal(contentOf(client.heard(), 1).length, 1_500);
    assert.throws(() => client.connection.consume(stream, 1_001), RangeError);
  });

  it('a stalled stream stalls no other', () => {
    const pair = connect({ streamWindow: 65_535, connectionWindow: 1_048_576 });
    const { client, settle } = pair;
    client.isConsuming = false;
    answering(pair, bytes(100_000));
    client.connection.open(section(GET), true, '');
    settle();
    assert.equal(contentOf(client.heard(), 1).length, 65_535);
    client.isConsuming = true;
    for (let id = 3; id <= 41; id += 2) {
      client.connection.open(section(GET), true, '');
      settle();
      assert.equal(contentOf(client.heard(), id).length, 100_000, `stream ${id}`);
    }
    assert.equal(contentOf(client.heard(), 1).length, 65_535);
  });

  it('shares the window of the connection by frames', () => {
    const pair = connect({ streamWindow: 10_000_000, connectionWindow: 65_535 });
    const { client, settle } = pair;
    client.isConsuming = false;
    answering(pair, bytes(1_000_000));
    for (let at = 0; at < 4; at++) client.connection.open(section(GET), true, '');
    settle();
    // The first took the whole window before the others asked; what it gives back they share.
    for (let round = 0; round < 8; round++) {
      for (const stream of client.streams.values()) client.connection.consume(stream, stream.unconsumed);
      settle();
    }
    const got = [3, 5, 7].map((id) => contentOf(client.heard(), id).length);
    assert.ok(Math.min(...got) > 60_000 && Math.max(...got) - Math.min(...got) <= 32_768, got.join(', '));
  });

  it('a window may become negative, and is waited for', () => {
    const client = greetedClient();
    const stream = client.connection.open(section(POST), false, '')!;
    assert.equal(client.connection.sendData(stream, bytes(80_000), 0, 80_000, true), 65_535);
    client.receive(Buffer.concat([settings(4, 100), frame(8, 0, 0, uint32(100_000))]));
    assert.equal(stream.sendWindow, 100 - 65_535);
    assert.equal(client.connection.sendData(stream, bytes(10), 0, 10, false), 0);
    client.receive(frame(8, 0, 1, uint32(65_435)));
    assert.deepEqual(client.writable, []);
    client.receive(frame(8, 0, 1, uint32(5)));
    assert.deepEqual(client.writable, [1]);
    assert.equal(client.connection.sendData(stream, bytes(10), 0, 10, false), 5);
  });

  it('waits for a wire that takes no more, and bounds what is gathered meanwhile', () => {
    const pair = connect({ streamWindow: 10_000_000, connectionWindow: 10_000_000 });
    const { client, server, settle } = pair;
    server.isTaking = false;
    answering(pair, bytes(2_000_000));
    client.connection.open(section(GET), true, '');
    client.connection.flush();
    server.receive(client.sent());
    server.connection.flush();
    assert.ok(server.connection.pendingBytes <= 129 * 1_024, `${server.connection.pendingBytes} bytes`);
    client.receive(server.sent());
    for (let turns = 0; turns < 200; turns++) {
      server.connection.drained();
      assert.ok(server.connection.pendingBytes <= 129 * 1_024, `${server.connection.pendingBytes} bytes`);
      client.receive(server.sent());
    }
    settle();
    assert.equal(contentOf(client.heard(), 1).length, 2_000_000);
  });

  it('refuses what a peer sends beyond its window', () => {
    const server = greetedServer({ streamWindow: 100, connectionWindow: 70_000 });
    server.isConsuming = false;
    server.receive(Buffer.concat([frame(1, 4, 1, block(POST)), frame(0, 0, 1, bytes(101))]));
    assert.deepEqual(server.heard().slice(1), ['close 1 FLOW_CONTROL_ERROR', 'refused 1 FLOW_CONTROL_ERROR']);
    const other = greetedServer({ streamWindow: 100_000, connectionWindow: 70_000 });
    other.isConsuming = false;
    const block16k = frame(0, 0, 1, bytes(16_000));
    other.receive(Buffer.concat([frame(1, 4, 1, block(POST)), ...Array.from({ length: 5 }, () => block16k)]));
    assert.deepEqual(other.heard().slice(-2), ['close 1 FLOW_CONTROL_ERROR', 'failure FLOW_CONTROL_ERROR']);
  });

  it('counts padding, and gives it back by itself', () => {
    const server = greetedServer({ streamWindow: 1_000, connectionWindow: 65_535 });
    server.isConsuming = false;
    const padded = frame(0, 8, 1, Buffer.concat([Buffer.of(255), Buffer.from('x'), Buffer.alloc(255)]));
    server.receive(Buffer.concat([frame(1, 4, 1, block(POST)), padded, padded, padded]));
    const [update] = server.frames();
    assert.equal(update!.type, 8);
    assert.equal(update!.streamId, 1);
    assert.equal(update!.payload.readUInt32BE(), 512);
  });
});

describe('breaking off', () => {
  it('is told to the other side at once, with its code', () => {
    const { client, server, settle } = connect();
    const stream = client.connection.open(section(POST), false, '')!;
    settle();
    client.connection.reset(stream, 8);
    assert.deepEqual(client.heard(), ['close 1 CANCEL']);
    settle();
    assert.equal(server.heard().at(-1), 'close 1 CANCEL');
    client.connection.open(section(POST), false, '');
    settle();
    server.connection.reset(server.streams.get(3)!, 7);
    settle();
    assert.equal(client.heard().at(-1), 'close 3 REFUSED_STREAM');
  });

  it('a complete answer to half a request ends with NO_ERROR', () => {
    const { client, server, settle } = connect();
    const stream = client.connection.open(section(POST), false, '')!;
    settle();
    const request = server.streams.get(1)!;
    server.connection.sendHeaders(request, section(OK), true);
    server.connection.reset(request, 0);
    settle();
    assert.deepEqual(client.heard(), ['headers 1 :status=200 end', 'close 1 NO_ERROR']);
    assert.equal(stream.id, 0);
  });

  it('closes all streams when the wire is gone', () => {
    const { client, server, settle } = connect();
    for (let at = 0; at < 3; at++) client.connection.open(section(GET), true, '');
    settle();
    client.connection.disconnected();
    server.connection.disconnected();
    assert.deepEqual(client.heard(), ['close 1 CANCEL', 'close 3 CANCEL', 'close 5 CANCEL']);
    assert.equal(server.connection.openStreams, 0);
    assert.equal(client.connection.open(section(GET), true, ''), undefined);
  });
});

describe('going away', () => {
  it('a server says so twice: what was on its way is served, what came later is not', () => {
    const { client, server } = connect();
    client.connection.open(section(GET), true, '');
    server.receive(client.sent());
    server.connection.drain();
    const warning = server.sent();
    assert.deepEqual(
      framesOf(warning).map(({ type }) => type),
      [7, 6],
    );
    client.connection.open(section(GET), true, '');
    const onItsWay = client.sent();
    client.receive(warning);
    assert.equal(client.connection.open(section(GET), true, ''), undefined);
    server.receive(onItsWay);
    server.receive(client.sent());
    const [last] = server.frames();
    assert.equal(last!.type, 7);
    assert.equal(last!.payload.readUInt32BE(0), 3);
    server.receive(frame(1, 5, 5, block(GET)));
    assert.deepEqual([...server.streams.keys()], [1, 3]);
    for (const id of [1, 3]) server.connection.sendHeaders(server.streams.get(id)!, section(OK), true);
    assert.equal(server.heard().at(-1), 'drained');
    client.receive(server.sent());
    assert.deepEqual(client.heard().slice(-2), ['close 3 ended', 'drained']);
  });

  it('a server does not wait for ever for a client to see it', () => {
    const server = greetedServer();
    server.connection.drain();
    server.frames();
    server.now = 2_000;
    server.connection.tick();
    assert.equal(server.frames()[0]!.payload.readUInt32BE(0), 0);
    assert.deepEqual(server.heard(), ['drained']);
  });

  it('a client learns which of its requests were not processed', () => {
    const client = greetedClient();
    for (let at = 0; at < 3; at++) client.connection.open(section(GET), true, '');
    client.receive(frame(7, 0, 0, Buffer.concat([uint32(3), uint32(2)])));
    assert.deepEqual(client.heard(), ['goaway 3 INTERNAL_ERROR', 'close 5 REFUSED_STREAM']);
    assert.equal(client.connection.canOpen, false);
    for (const id of [1, 3]) client.receive(frame(1, 5, id, block(OK)));
    assert.equal(client.heard().at(-1), 'drained');
  });

  it('a wire that is gone while a peer goes away is told of once', () => {
    const client = greetedClient();
    client.connection.open(section(GET), true, '');
    client.receive(frame(7, 0, 0, Buffer.concat([uint32(1), uint32(0)])));
    client.connection.disconnected();
    assert.deepEqual(client.heard(), ['goaway 1 NO_ERROR', 'close 1 CANCEL']);
  });

  it('a client that goes away finishes what it has', () => {
    const { client, server, settle } = connect();
    client.connection.open(section(GET), true, '');
    client.connection.drain();
    assert.equal(client.connection.open(section(GET), true, ''), undefined);
    settle();
    assert.equal(server.heard().at(-1), 'goaway 0 NO_ERROR');
    server.connection.sendHeaders(server.streams.get(1)!, section(OK), true);
    settle();
    assert.deepEqual(client.heard().slice(-2), ['close 1 ended', 'drained']);
  });
});

describe('a client', () => {
  it('opens no more streams than the server allows', () => {
    const { client, server, settle } = connect({}, { maxConcurrentStreams: 2 });
    const streams = Array.from({ length: 3 }, () => client.connection.open(section(GET), true, ''));
    assert.equal(streams[2], undefined);
    settle();
    server.connection.sendHeaders(server.streams.get(1)!, section(OK), true);
    settle();
    assert.equal(client.connection.canOpen, true);
  });

  for (const [name, bad, code] of [
    ['PUSH_PROMISE', frame(5, 4, 1, Buffer.concat([uint32(2), block(GET)])), 'PROTOCOL_ERROR'],
    ['a server that enables push', settings(2, 1), 'PROTOCOL_ERROR'],
    ['a stream that the server opens', frame(1, 5, 2, block(OK)), 'PROTOCOL_ERROR'],
    ['an answer to what was never asked', frame(1, 5, 5, block(OK)), 'PROTOCOL_ERROR'],
    ['a second answer', Buffer.concat([frame(1, 5, 1, block(OK)), frame(1, 5, 1, block(OK))]), 'STREAM_CLOSED'],
    ['content after the answer', Buffer.concat([frame(1, 5, 1, block(OK)), frame(0, 1, 1, 'ab')]), 'STREAM_CLOSED'],
  ] as const) {
    it(`does not put up with ${name}`, () => {
      const client = greetedClient();
      client.connection.open(section(GET), true, '');
      client.receive(bad);
      assert.equal(client.heard().at(-1), `failure ${code}`);
    });
  }

  it('lowers its table as the server asks, and says so', () => {
    const client = greetedClient();
    client.connection.open(section(GET), true, '');
    client.sent();
    client.receive(settings(1, 0));
    client.connection.open(section([...GET, ['x-a', 'b']]), true, '');
    const headers = client.frames().find(({ type }) => type === 1)!;
    assert.equal(headers.payload[0], 0x20);
  });
});
