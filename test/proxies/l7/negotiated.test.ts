/** Clusters whose endpoints say by ALPN what they speak. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server as HttpServer } from 'node:http';
import { constants, createSecureServer, type Http2SecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l7/l7-http.ts';

const { ca, cert, key, serverName } = createCertificate();

type Origin = HttpServer | Http2SecureServer;
type Listener = (
  request: { readonly httpVersion: string; readonly method?: string | undefined },
  response: { end(text: string): unknown },
) => void;

const byVersion: Listener = (request, response) => response.end(`HTTP/${request.httpVersion}`);
const ofHttp2 = (listener: Listener = byVersion): Origin =>
  createSecureServer({ cert, key, allowHTTP1: true }, listener);
const ofHttp1 = (listener: Listener = byVersion): Origin => createHttpsServer({ cert, key }, listener);

/** Origins at work, and what they were asked by. */
class Origins implements AsyncDisposable {
  connections = 0;
  readonly #open: Origin[] = [];
  readonly #sockets = new Set<Socket>();

  /** Gives its port. */
  async listen(origin: Origin, port = 0): Promise<number> {
    origin.on('secureConnection', () => this.connections++);
    origin.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
    });
    await once(origin.listen(port, '127.0.0.1'), 'listening');
    this.#open.push(origin);
    return (origin.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = this.#open.splice(0).map((origin) => new Promise((resolve) => origin.close(resolve)));
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await Promise.all(closed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

const start = (ports: readonly number[], more: Partial<ProxyIntent> = {}) =>
  definition.start(
    {
      listener: { address: { host: '127.0.0.1', port: 0 } },
      clusters: [
        {
          name: 'o',
          endpoints: ports.map((port) => ({ host: '127.0.0.1', port })),
          protocol: 'auto',
          tls: { ca, serverName },
        },
      ],
      defaultCluster: 'o',
      ...more,
    },
    new AbortController().signal,
  );

const asked = async (port: number, init: RequestInit = {}): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${port}/`, init);
  return `${answer.status} ${(await answer.text()).trim()}`;
};

const together = (port: number, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => asked(port)));

describe('a cluster of protocol auto', () => {
  it('goes by HTTP/2 where that is agreed on, all that came meanwhile by the first connection', async () => {
    await using origins = new Origins();
    await using proxy = await start([await origins.listen(ofHttp2())]);
    assert.deepEqual(await together(proxy.address.port, 30), Array<string>(30).fill('200 HTTP/2.0'));
    assert.equal(origins.connections, 1);
  });

  it('goes by HTTP/1.1 otherwise, and the first connection is not lost', async () => {
    await using origins = new Origins();
    await using proxy = await start([await origins.listen(ofHttp1())]);
    assert.equal(await asked(proxy.address.port), '200 HTTP/1.1');
    assert.equal(origins.connections, 1);
    assert.deepEqual(await together(proxy.address.port, 10), Array<string>(10).fill('200 HTTP/1.1'));
  });

  it('sends bodies by either', async () => {
    await using origins = new Origins();
    const echo: Listener = (request, response) =>
      void (request as unknown as NodeJS.ReadableStream).pipe(response as unknown as NodeJS.WritableStream);
    for (const make of [ofHttp1, ofHttp2]) {
      await using proxy = await start([await origins.listen(make(echo))]);
      const body = 'x'.repeat(300_000);
      assert.equal(await asked(proxy.address.port, { method: 'POST', body }), `200 ${body}`);
      assert.equal(await asked(proxy.address.port, { method: 'POST', body: 'short' }), '200 short');
    }
  });

  it('tries a request again by the other version, where that is who takes it', async () => {
    await using origins = new Origins();
    const refusing = createSecureServer({ cert, key });
    refusing.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    const ports = [await origins.listen(refusing), await origins.listen(ofHttp1())];
    await using proxy = await start(ports);
    for (let at = 0; at < 4; at++) assert.equal(await asked(proxy.address.port), '200 HTTP/1.1');
  });

  it('follows an origin that comes back as another', async () => {
    await using origins = new Origins();
    const port = await origins.listen(ofHttp2());
    await using proxy = await start([port]);
    assert.equal(await asked(proxy.address.port), '200 HTTP/2.0');
    for (const [make, expected] of [
      [ofHttp1, '200 HTTP/1.1'],
      [ofHttp2, '200 HTTP/2.0'],
    ] as const) {
      await origins.stop();
      await origins.listen(make(), port);
      // Who finds that out may be told so; nobody who comes later.
      await asked(proxy.address.port);
      assert.equal(await asked(proxy.address.port), expected);
    }
  });

  it('keeps to the number of connections', async () => {
    await using origins = new Origins();
    const held: (() => void)[] = [];
    const holding: Listener = (_request, response) => {
      held.push(() => response.end('held'));
      if (held.length === 2) for (const go of held) go();
    };
    await using proxy = await start([await origins.listen(ofHttp1(holding))], { limits: { upstreamPerEndpoint: 2 } });
    const answers = await together(proxy.address.port, 6);
    assert.equal(answers.filter((answer) => answer === '200 held').length, 2);
    assert.equal(answers.filter((answer) => answer.startsWith('503')).length, 4);
  });

  it('is told that its endpoint is not there, or not to be trusted', async () => {
    await using gone = await start([1]);
    assert.match(await asked(gone.address.port), /^502/);
    await using origins = new Origins();
    const port = await origins.listen(ofHttp2());
    const cluster = { name: 'o', endpoints: [{ host: '127.0.0.1', port }], protocol: 'auto', tls: {} } as const;
    await using wary = await start([], { clusters: [cluster] });
    assert.match(await asked(wary.address.port), /^502/);
  });

  it('is asked for its health by what is agreed on', async () => {
    for (const [make, expected] of [
      [ofHttp1, '1.1'],
      [ofHttp2, '2.0'],
    ] as const) {
      await using origins = new Origins();
      const asked = Promise.withResolvers<string>();
      const listener: Listener = (request, response) => {
        asked.resolve(request.httpVersion);
        response.end('ok');
      };
      const port = await origins.listen(make(listener));
      const healthCheck = { kind: 'http', interval: 20 } as const;
      const tls = { ca, serverName };
      const cluster = {
        name: 'o',
        endpoints: [{ host: '127.0.0.1', port }],
        protocol: 'auto',
        tls,
        healthCheck,
      } as const;
      await using _ = await start([], { clusters: [cluster] });
      assert.equal(await asked.promise, expected);
    }
  });

  it('needs TLS', async () => {
    const cluster = { name: 'o', endpoints: [{ host: '127.0.0.1', port: 1 }], protocol: 'auto' } as const;
    await assert.rejects(start([], { clusters: [cluster] }), {
      code: 'ERR_INTENT',
      message: /clusters\[0\]\.protocol.*TLS/,
    });
  });
});
