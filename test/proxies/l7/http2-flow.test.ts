/** Peers of HTTP/2 that do not read, or go: what they cost themselves, and nobody else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type ClientHttp2Stream, type ClientHttp2Session, connect, constants, createServer } from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { frame, uint32 } from '../http2/frame-bytes.ts';
import { DATA, END_HEADERS, END_STREAM, HEADERS, type RawPeer, RST_STREAM } from '../http2/raw-peer.ts';
import { block, GET, OK, POST } from '../http2/requests.ts';
import { lab, rawOrigin } from './http2-lab.ts';

const STALLED = 40;
const MEGABYTE = 1_000_000;
/** In megabytes: node:http2 refuses streams of whoever lets more wait. */
const maxSessionMemory = 1_000;

/** Requests that others have answered meanwhile: whatever the proxy still took, it has taken. */
async function others(port: number, count = 50): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  for (let at = 0; at < count; at++) assert.equal(await text(session.request({ ':path': '/small' })), 'ok');
  session.close();
}

/** `count` different heads of about a kilobyte, which no table makes smaller. */
const manyHeads = (count: number, head: (value: string, at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => head(`${at}`.padEnd(900, '\\'), at)));

const isReset = (code: number) => (found: { type: number; payload: Buffer }) =>
  found.type === RST_STREAM && found.payload.readUInt32BE() === code;

describe('a stalled stream', () => {
  it('of an answer delays no other on the same connection to the origin, however many there are', async () => {
    let sessions = 0;
    const origin = createServer({ maxSessionMemory }, (request, response) => {
      response.end(request.url === '/big' ? 'x'.repeat(MEGABYTE) : 'ok');
    });
    origin.on('session', () => sessions++);
    await using setup = await lab(origin, 'http2');
    const stalled = await Promise.all(
      Array.from({ length: STALLED }, async () => {
        const session = connect(`http://127.0.0.1:${setup.port}`);
        const stream = session.request({ ':path': '/big' });
        await once(stream, 'response');
        return { session, stream };
      }),
    );
    await others(setup.port);
    assert.equal(sessions, 1);
    for (const { session, stream } of stalled) {
      assert.equal((await text(stream)).length, MEGABYTE);
      session.close();
    }
  });

  it('of a request delays no other of the same client', async () => {
    const UPLOADS = 20;
    const held: (() => void)[] = [];
    const origin = createHttpServer((request, response) => {
      const answer = (): void => void request.resume().on('end', () => response.end('taken'));
      if (request.url === '/small') answer();
      else held.push(answer);
    });
    await using setup = await lab(origin, 'http1', { timeouts: { upstreamResponse: 60_000 } });
    const session = connect(`http://127.0.0.1:${setup.port}`, { maxSessionMemory });
    // More than all the buffers on the way, so that each of them fills its window.
    const content = Buffer.alloc(10 * MEGABYTE);
    const upload = async (path: string, body: Buffer | string): Promise<string> => {
      const stream = session.request({ ':method': 'POST', ':path': path }, { endStream: false });
      stream.end(body);
      return await text(stream);
    };
    const uploads = Array.from({ length: UPLOADS }, () => upload('/big', content));
    for (let at = 0; at < 200 || held.length < UPLOADS; at++) assert.equal(await upload('/small', 'x'), 'taken');
    for (const go of held) go();
    assert.deepEqual(await Promise.all(uploads), Array<string>(UPLOADS).fill('taken'));
    session.close();
  });
});

describe('a connection to an origin', () => {
  it('that leads nowhere any more is left, and others are spared it', async () => {
    const origin = rawOrigin(async (peer, index) => {
      for (let at = 0; ; at++) {
        const { streamId } = await peer.sees(({ type, streamId }) => type === HEADERS && streamId === at * 2 + 1);
        // After its first answer the first connection is as good as cut.
        if (index === 0 && at > 0) return;
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, streamId, block(OK)));
      }
    });
    await using setup = await lab(origin, 'http2', { timeouts: { upstreamResponse: 150 } });
    const status = async (): Promise<number> => (await fetch(`http://127.0.0.1:${setup.port}`)).status;
    assert.equal(await status(), 200);
    assert.equal(await status(), 504);
    for (let at = 0; at < 3; at++) assert.equal(await status(), 200);
  });
});

describe('a client that does not read', () => {
  const COUNT = 16_000;

  it('stops an origin that informs it, and hears all of it when it reads', async () => {
    const informing = Promise.withResolvers<Socket>();
    const origin = createTcpServer((socket) => {
      socket.once('data', (chunk) => {
        if (String(chunk).includes('/small')) socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok');
        else {
          socket.write(manyHeads(COUNT, (value) => Buffer.from(`HTTP/1.1 103 \r\nx: ${value}\r\n\r\n`)));
          socket.write('HTTP/1.1 204 No Content\r\n\r\n');
          informing.resolve(socket);
        }
      });
    });
    await using setup = await lab(origin, 'http1', { timeouts: { upstreamResponse: 60_000 } });
    const client = await setup.client();
    client.socket.pause();
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(GET)));
    const socket = await informing.promise;
    await others(setup.port);
    assert.ok(socket.writableLength > 2 * MEGABYTE, `${socket.writableLength} bytes are left with the origin`);
    client.socket.resume();
    await client.sees(({ type, flags }) => type === HEADERS && (flags & END_STREAM) !== 0);
    assert.equal(client.frames.filter(({ type }) => type === HEADERS).length, COUNT + 1);
  });

  it('is spared an origin of HTTP/2 that goes on informing', async () => {
    const reset = Promise.withResolvers<void>();
    const origin = rawOrigin(async (peer) => {
      await peer.sees(({ type }) => type === HEADERS);
      const interim = (value: string) =>
        frame(
          HEADERS,
          END_HEADERS,
          1,
          block([
            [':status', '103'],
            ['x', value],
          ]),
        );
      peer.send(manyHeads(COUNT, interim));
      await peer.sees(isReset(constants.NGHTTP2_ENHANCE_YOUR_CALM));
      reset.resolve();
    });
    await using setup = await lab(origin, 'http2');
    const client = await setup.client();
    client.socket.pause();
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(GET)));
    await reset.promise;
  });

  it('is not read from either', async () => {
    const redirect = { kind: 'redirect' as const, host: 'b.example' };
    const routes = [
      {
        match: { path: { kind: 'prefix' as const, value: '/small' } },
        action: { kind: 'reply' as const, status: 200, body: 'ok' },
      },
      { match: {}, action: redirect },
    ];
    await using setup = await lab(createTcpServer(), 'http1', { routes });
    const client = await setup.client();
    client.socket.pause();
    const requests = manyHeads(COUNT, (value, at) => {
      const path = `/${value.replaceAll('\\', '~')}`;
      return frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        at * 2 + 1,
        block([...GET.slice(0, 2), [':path', path], GET[3]!]),
      );
    });
    client.send(requests);
    await others(setup.port);
    assert.ok(client.socket.writableLength > 2 * MEGABYTE, `${client.socket.writableLength} bytes are left`);
    client.socket.resume();
    await client.sees(({ streamId }) => streamId === COUNT * 2 - 1);
  });
});

describe('a reset', () => {
  const asked = async (session: ClientHttp2Session, headers: object = {}): Promise<ClientHttp2Stream> => {
    const stream = session.request(headers as Record<string, string>);
    const closed = new Promise((resolve) => stream.on('close', resolve));
    stream.resume().on('error', () => {});
    await closed;
    return stream;
  };

  it('by the origin amid its answer reaches the client by a code that says as much', async () => {
    const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR } = constants;
    const codes = [
      [NGHTTP2_CANCEL, NGHTTP2_CANCEL],
      [NGHTTP2_INTERNAL_ERROR, NGHTTP2_INTERNAL_ERROR],
      [NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR],
      // Not all of the answer came, so it is an error whatever the origin calls it.
      [NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR],
    ] as const;
    const origin = rawOrigin(async (peer) => {
      for (const [at, [code]] of codes.entries()) {
        const { streamId } = await peer.sees(({ type, streamId }) => type === HEADERS && streamId === at * 2 + 1);
        peer.send(
          frame(HEADERS, END_HEADERS, streamId, block(OK)),
          frame(DATA, 0, streamId, Buffer.from('part')),
          frame(RST_STREAM, 0, streamId, uint32(code)),
        );
      }
    });
    await using setup = await lab(origin, 'http2');
    const session = connect(`http://127.0.0.1:${setup.port}`);
    for (const [, expected] of codes) assert.equal((await asked(session)).rstCode, expected);
    session.destroy();
  });

  it('that refuses each time is told to who can ask again: REFUSED_STREAM, or 503', async () => {
    let refused = 0;
    const origin = createServer();
    origin.on('stream', (stream) => {
      refused++;
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    await using setup = await lab(origin, 'http2');
    const session = connect(`http://127.0.0.1:${setup.port}`);
    assert.equal((await asked(session)).rstCode, constants.NGHTTP2_REFUSED_STREAM);
    assert.equal(refused, 4);
    assert.equal((await fetch(`http://127.0.0.1:${setup.port}`)).status, 503);
    session.destroy();
  });

  it('by the client, whatever it says, cancels at the origin', async () => {
    const codes = Promise.withResolvers<number>();
    const came = Promise.withResolvers<void>();
    const origin = rawOrigin(async (peer) => {
      await peer.sees(({ type }) => type === HEADERS);
      came.resolve();
      codes.resolve((await peer.sees(({ type }) => type === RST_STREAM)).payload.readUInt32BE());
    });
    await using setup = await lab(origin, 'http2');
    const session = connect(`http://127.0.0.1:${setup.port}`);
    const stream = session.request({}).on('error', () => {});
    await came.promise;
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    assert.equal(await codes.promise, constants.NGHTTP2_CANCEL);
    session.destroy();
  });

  it('behind an answer that is complete takes nothing of it from a slow client', async () => {
    const SIZE = 60_000;
    const answer = (peer: RawPeer): void =>
      peer.send(
        frame(HEADERS, END_HEADERS, 1, block(OK)),
        ...Array.from({ length: 4 }, (_, at) => frame(DATA, at === 3 ? END_STREAM : 0, 1, Buffer.alloc(SIZE / 4))),
        frame(RST_STREAM, 0, 1, uint32(constants.NGHTTP2_NO_ERROR)),
      );
    const origin = rawOrigin(async (peer) => {
      await peer.sees(({ type }) => type === HEADERS);
      answer(peer);
    });
    await using setup = await lab(origin, 'http2');
    // SETTINGS_INITIAL_WINDOW_SIZE of 1,000.
    const client = await setup.client('0004000003e8');
    client.send(frame(HEADERS, END_HEADERS, 1, block(POST)), frame(DATA, 0, 1, Buffer.from('half')));
    await client.sees(({ type }) => type === DATA);
    client.send(frame(8, 0, 1, uint32(SIZE)));
    const end = await client.sees(({ type }) => type === RST_STREAM);
    assert.equal(end.payload.readUInt32BE(), constants.NGHTTP2_NO_ERROR);
    const content = client.frames.filter(({ type }) => type === DATA);
    assert.equal(
      content.reduce((sum, { payload }) => sum + payload.length, 0),
      SIZE,
    );
    assert.equal(content.at(-1)!.flags & END_STREAM, END_STREAM);
  });
});
