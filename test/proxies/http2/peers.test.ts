/** The engine over sockets against stock implementations: node:http2 on either side, and python's h2. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { Http2Connection } from '#proxies/http2/connection.ts';
import { EchoHandler, type Exchange } from './echo-handler.ts';
import { GET, type Pairs, POST, section } from './requests.ts';
import { serve, SocketWire } from './socket-server.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
}

async function ask(
  client: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: Buffer,
): Promise<Answer> {
  const request = client.request(headers, { endStream: body === undefined });
  let trailers: http2.IncomingHttpHeaders = {};
  request.on('trailers', (fields: http2.IncomingHttpHeaders) => (trailers = fields));
  if (body) request.end(body);
  const [head] = (await once(request, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
  return { body: await text(request), status: head[':status']!, trailers };
}

const pattern = (length: number): string => Buffer.alloc(length, '0123456789abcdef').toString();

describe('node:http2 as client', () => {
  const withClient = async (
    use: (client: http2.ClientHttp2Session) => Promise<void>,
    settings: http2.Settings = {},
  ): Promise<void> => {
    await using server = await serve<Exchange>((wire) => new EchoHandler(wire));
    const client = http2.connect(`http://127.0.0.1:${server.port}`, { settings });
    try {
      await use(client);
    } finally {
      client.destroy();
    }
  };

  it('gets answers, many at a time', () =>
    withClient(async (client) => {
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, at) => ask(client, { ':path': `/pattern/${at * 37}` })),
      );
      for (const [at, { body, status }] of answers.entries()) {
        assert.equal(status, 200);
        assert.equal(body, pattern(at * 37));
      }
    }));

  it('gets its own body back, of any size, through small windows', () =>
    withClient(
      async (client) => {
        for (const size of [1, 16_384, 16_385, 300_000, 2_000_000]) {
          const sent = Buffer.alloc(size, 'abcdefg');
          const { body } = await ask(client, { ':method': 'POST', ':path': '/' }, sent);
          assert.equal(body, sent.toString());
        }
      },
      { initialWindowSize: 1_500 },
    ));

  it('gets interim answers and trailers, and its fields arrive', () =>
    withClient(async (client) => {
      const early = client.request({ ':path': '/early' });
      const [interim] = (await once(early, 'headers')) as [http2.IncomingHttpHeaders];
      assert.equal(interim['link'], '</a>; rel=preload');
      assert.equal(await text(early), 'hello');
      const { trailers } = await ask(client, { ':path': '/trailers' });
      assert.equal(trailers['grpc-status'], '0');
      const { body } = await ask(client, { ':path': '/fields', 'x-long': 'y'.repeat(20_000), cookie: 'a=b; c=d' });
      const fields = JSON.parse(body) as [string, string][];
      assert.ok(fields.some(([name, value]) => name === 'x-long' && value.length === 20_000));
      const head = client.request({ ':method': 'HEAD', ':path': '/pattern/1000' });
      const [fieldsOfHead] = (await once(head, 'response')) as [http2.IncomingHttpHeaders];
      assert.equal(fieldsOfHead['content-length'], '1000');
      assert.equal(await text(head), '');
    }));

  it('may change its settings, cancel, and be told to go', () =>
    withClient(async (client) => {
      await ask(client, { ':path': '/' });
      client.settings({ headerTableSize: 0, initialWindowSize: 100_000, maxFrameSize: 50_000 });
      const { body } = await ask(client, { ':path': '/pattern/500000' });
      assert.equal(body.length, 500_000);
      const cancelled = client.request({ ':path': '/pattern/100000000' });
      await once(cancelled, 'response');
      cancelled.close(http2.constants.NGHTTP2_CANCEL);
      await once(cancelled, 'close');
      assert.equal((await ask(client, { ':path': '/' })).body, 'hello');
    }));
});

interface Reply {
  fields: [string, string][];
  body: string;
  code: number;
}

interface Asked extends Reply {
  readonly done: (reply: Reply) => void;
  /** Of the request's body, what was not taken yet. */
  rest: Buffer;
}

/** Requests over one connection of ours. Resolves when all streams have been closed. */
async function askWith(port: number, requests: readonly { fields: Pairs; body?: Buffer }[]): Promise<Reply[]> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const wire = new SocketWire<Asked>(socket);
  let isReady = (): void => {};
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const connection = new Http2Connection<Asked>('client', wire, {
    onHeaders: (stream, head) => stream.owner!.fields.push(...head.section.entries()),
    onData(stream, buffer, start, end) {
      stream.owner!.body += buffer.toString('latin1', start, end);
      connection.consume(stream, end - start);
    },
    onTrailers: (stream, trailers) => stream.owner!.fields.push(...trailers.entries()),
    onWritable(stream) {
      const owner = stream.owner!;
      owner.rest = owner.rest.subarray(connection.sendData(stream, owner.rest, 0, owner.rest.length, true));
    },
    onClose(stream, code) {
      stream.owner!.code = code;
      stream.owner!.done(stream.owner!);
    },
    onOutput: () => wire.schedule(),
    onSettings: () => isReady(),
    onFailure: () => wire.end(),
  });
  wire.begin(connection);
  await ready;
  const replies = requests.map(
    ({ fields, body }) =>
      new Promise<Reply>((done) => {
        const owner: Asked = { fields: [], body: '', code: 0, done, rest: body ?? Buffer.alloc(0) };
        const stream = connection.open(section(fields), body === undefined, owner)!;
        if (body) owner.rest = body.subarray(connection.sendData(stream, body, 0, body.length, true));
      }),
  );
  const all = await Promise.all(replies);
  socket.destroy();
  return all;
}

const path = (value: string, method: Pairs = GET): Pairs =>
  method.map(([name, was]) => [name, name === ':path' ? value : was]);

describe('node:http2 as server', () => {
  it('answers us: bodies both ways, trailers, interim answers, resets', async () => {
    const server = http2.createServer({ settings: { initialWindowSize: 2_000 } });
    server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      stream.on('error', () => {});
      const target = headers[':path'];
      if (target === '/reset') return stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
      if (target === '/early') stream.additionalHeaders({ ':status': 103, link: '</a>' });
      const wantsTrailers = target === '/trailers';
      stream.respond({ ':status': 200, 'x-method': headers[':method'] }, { waitForTrailers: wantsTrailers });
      if (wantsTrailers) stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5' }));
      if (headers[':method'] === 'POST') stream.pipe(stream);
      else stream.end(pattern(200_000));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const body = Buffer.alloc(300_000, 'payload!');
    const [get, post, trailers, early, reset] = await askWith((server.address() as net.AddressInfo).port, [
      { fields: GET },
      { fields: POST, body },
      { fields: path('/trailers') },
      { fields: path('/early') },
      { fields: path('/reset') },
    ]);
    server.close();
    assert.equal(get!.body, pattern(200_000));
    assert.equal(get!.code, -1);
    assert.equal(post!.body, body.toString());
    assert.deepEqual(trailers!.fields.at(-1), ['grpc-status', '5']);
    assert.deepEqual(early!.fields.slice(0, 2), [
      [':status', '103'],
      ['link', '</a>'],
    ]);
    assert.equal(reset!.code, 11);
  });
});

const python = process.env['HOPCOST_PYTHON'] ?? 'python3';
const hasH2 = spawnSync(python, ['-c', 'import h2']).status === 0;
const missing = `${python} has no h2; install it: pip install hpack h2 (HOPCOST_PYTHON names another python)`;

describe("python's h2", { skip: hasH2 ? false : missing }, () => {
  it('as server answers us', async () => {
    const server = spawn(python, [join(import.meta.dirname, 'peers/h2_server.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const body = Buffer.alloc(200_000, 'snake');
      const replies = await askWith(Number(line.toString()), [
        ...Array.from({ length: 20 }, () => ({ fields: GET })),
        { fields: POST, body },
      ]);
      for (const reply of replies.slice(0, 20)) assert.match(reply.body, /^GET \//);
      assert.equal(replies[20]!.body, body.toString());
      assert.deepEqual(replies[20]!.fields.at(-1), ['x-trailer', 'last']);
    } finally {
      server.kill();
    }
  });
});
