/** TLS on both sides, with certificates made for this run. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest, type RequestListener } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { DownstreamTls, UpstreamTls } from '#proxies/config/intent.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as reencrypt } from '#proxies/l7/l7-tls-reencrypt.ts';
import { definition as terminate } from '#proxies/l7/l7-tls.ts';
import { clientCertificate } from './client-certificate.ts';
import { answering, ok, Origin, Reader } from './lab.ts';

const first = createCertificate();
const second = createCertificate();
const pem = ({ cert, key }: typeof first) => ({ cert, key });

async function start(tls: DownstreamTls, timeouts = {}, concurrency = 1) {
  const origin = await new Origin(answering(ok)).listen();
  const intentFor = (next: DownstreamTls, port = 0) => ({
    listener: { address: { host: '127.0.0.1', port }, tls: next },
    clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: origin.port }] }],
    defaultCluster: 'o',
    timeouts,
    concurrency,
  });
  const proxy = await terminate.start(intentFor(tls), new AbortController().signal).catch(async (error: unknown) => {
    await origin[Symbol.asyncDispose]();
    throw error;
  });
  return {
    origin,
    proxy,
    reload: (next: DownstreamTls) => proxy.reload?.(intentFor(next, proxy.address.port)),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** A client that trusts anything and tells what it was shown. */
async function open(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket;
}

async function ask(socket: TLSSocket): Promise<string> {
  return await new Reader(socket).send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').end();
}

const shown = (socket: TLSSocket): string => socket.getPeerCertificate().fingerprint256;

async function fingerprint(port: number, servername?: string): Promise<string> {
  const socket = await open(port, servername === undefined ? {} : { servername });
  const result = shown(socket);
  socket.destroy();
  return result;
}

describe('l7-tls', () => {
  it('terminates TLS and tells the origin so', async () => {
    await using lab = await start({ certificates: [pem(first)] });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await open(lab.proxy.address.port, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.match(await ask(socket), /^HTTP\/1\.1 200 [\s\S]*ok$/);
    }
    assert.match(lab.origin.connections[0]?.text ?? '', /X-Forwarded-Proto: https/);
  });

  it('refuses TLS 1.1', async () => {
    await using lab = await start({ certificates: [pem(first)] });
    await assert.rejects(
      open(lab.proxy.address.port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    );
  });

  it('chooses the certificate by name, exact and wildcard', async () => {
    await using lab = await start({
      certificates: [{ ...pem(second), serverNames: ['two.test', '*.two.test'] }, pem(first)],
    });
    const { port } = lab.proxy.address;
    const byDefault = await fingerprint(port);
    assert.equal(await fingerprint(port, 'one.test'), byDefault);
    const named = await fingerprint(port, 'two.test');
    assert.notEqual(named, byDefault);
    assert.equal(await fingerprint(port, 'a.TWO.test'), named);
    assert.equal(await fingerprint(port, 'a.b.two.test'), named);
  });

  it('serves no other than the named, where told so, resumed sessions included', async () => {
    const named = { ...pem(first), serverNames: ['one.test', '*.two.test'] };
    await using lab = await start({ certificates: [named], onlyNamed: true });
    const { port } = lab.proxy.address;
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { minVersion: version, maxVersion: version } as const;
      const socket = await open(port, { ...options, servername: 'one.test' });
      let session: Buffer | undefined = socket.getSession();
      socket.on('session', (ticket: Buffer) => (session = ticket));
      assert.match(await ask(socket), /ok$/);
      assert.match(await ask(await open(port, { ...options, servername: 'a.b.two.test' })), /ok$/);
      for (const other of [{}, { servername: 'two.test' }, { servername: 'other.test', ...(session && { session }) }]) {
        const answer = await open(port, { ...options, ...other }).then(ask, () => '');
        assert.equal(answer, '');
      }
    }
  });

  it('agrees on http/1.1 and alerts when there is no common protocol', async () => {
    await using lab = await start({ certificates: [pem(first)] });
    const socket = await open(lab.proxy.address.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
    await assert.rejects(open(lab.proxy.address.port, { ALPNProtocols: ['h2'] }), /no application protocol/);
  });

  it('resumes sessions, also after a swap, unless told not to', async () => {
    const resumed = async (tls: DownstreamTls, swap: boolean): Promise<boolean> => {
      await using lab = await start(tls);
      const { port } = lab.proxy.address;
      const socket = await open(port, { maxVersion: 'TLSv1.2' });
      const session = socket.getSession();
      assert.ok(session);
      await ask(socket);
      if (swap) await lab.reload({ certificates: [pem(first)] });
      const again = await open(port, { maxVersion: 'TLSv1.2', session });
      const reused = again.isSessionReused();
      again.destroy();
      return reused;
    };
    assert.equal(await resumed({ certificates: [pem(first)] }, false), true);
    assert.equal(await resumed({ certificates: [pem(first)] }, true), true);
    assert.equal(await resumed({ certificates: [pem(first)], resumption: false }, false), false);
  });

  it('resumes a session on whichever event loop the client comes to, also after a swap', async () => {
    await using lab = await start({ certificates: [pem(first)] }, {}, 3);
    const { port } = lab.proxy.address;
    const socket = await open(port, { maxVersion: 'TLSv1.2' });
    const session = socket.getSession();
    assert.ok(session);
    await ask(socket);
    // The kernel spreads connections over the loops by their ports: 16 meet the same of three once in 10^7 runs.
    for (const swap of [false, true]) {
      if (swap) await lab.reload({ certificates: [pem(first)] });
      for (let visit = 0; visit < 16; visit += 1) {
        const again = await open(port, { maxVersion: 'TLSv1.2', session });
        assert.equal(again.isSessionReused(), true);
        again.destroy();
      }
    }
  });

  it('closes a connection that wants to renegotiate', async () => {
    await using lab = await start({ certificates: [pem(first)] });
    const socket = await open(lab.proxy.address.port, { maxVersion: 'TLSv1.2' });
    const reader = new Reader(socket);
    socket.renegotiate({}, () => {});
    await reader.close();
    assert.equal(lab.origin.connections.length, 0);
  });

  it('lets go of a client that ends amid the handshake', async () => {
    await using lab = await start({ certificates: [pem(first)] });
    const { connect: plain } = await import('node:net');
    for (const begun of ['', '\x16\x03\x01\x02\x00\x01\x00']) {
      const socket = plain({ port: lab.proxy.address.port, host: '127.0.0.1', allowHalfOpen: true });
      const reader = new Reader(socket);
      socket.end(begun, 'latin1');
      await reader.end();
    }
  });

  it('swaps certificates while connections stand', async () => {
    await using lab = await start({ certificates: [pem(first)] });
    const { port } = lab.proxy.address;
    const standing = await open(port);
    const before = shown(standing);
    await lab.reload({ certificates: [pem(second)] });
    assert.notEqual(await fingerprint(port), before);
    assert.notEqual(await fingerprint(port, 'named.test'), before);
    await assert.rejects(Promise.resolve(lab.reload({ certificates: [{ cert: first.cert, key: second.key }] })), {
      code: 'ERR_INTENT',
    });
    assert.match(await ask(standing), /ok$/);
  });

  it('asks for a client certificate where told to', async () => {
    await using lab = await start({ certificates: [pem(first)], clientCa: clientCertificate.cert });
    const { port } = lab.proxy.address;
    assert.match(await ask(await open(port, clientCertificate)), /ok$/);
    for (const options of [{}, pem(second)]) {
      // Under TLS 1.3 the client learns of it after its own handshake.
      const refused = await open(port, options)
        .then(async (socket) => (await ask(socket)) === '')
        .catch(() => true);
      assert.equal(refused, true);
    }
    assert.equal(lab.origin.connections.length, 1);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    for (const loops of [1, 2])
      it(`a ticket is void once the client authority is replaced (${version}, ${loops} event loops)`, async () => {
        const asking = (clientCa: string): DownstreamTls => ({ certificates: [pem(first)], clientCa });
        await using lab = await start(asking(clientCertificate.cert), {}, loops);
        const options = { minVersion: version, maxVersion: version } as const;
        const socket = await open(lab.proxy.address.port, { ...options, ...clientCertificate });
        let session: Buffer | undefined = socket.getSession();
        socket.on('session', (ticket: Buffer) => (session = ticket)); // under TLS 1.3 it comes after the handshake
        assert.match(await ask(socket), /ok$/);
        const resume = async (): Promise<{ reused: boolean; answer: string }> => {
          const again = await open(lab.proxy.address.port, { ...options, ...(session && { session }) });
          return { reused: again.isSessionReused(), answer: await ask(again) };
        };
        for (let visit = 0; visit < 8; visit += 1) {
          const { reused, answer } = await resume();
          assert.ok(reused);
          assert.match(answer, /ok$/);
        }
        await lab.reload(asking(first.ca));
        for (let visit = 0; visit < 8; visit += 1) {
          const { answer } = await resume().catch(() => ({ answer: '' }));
          assert.equal(answer, '');
        }
      });

  it('gives up on a handshake that does not come', async () => {
    await using lab = await start({ certificates: [pem(first)] }, { tlsHandshake: 100 });
    const { connect: plain } = await import('node:net');
    const reader = new Reader(plain(lab.proxy.address.port, '127.0.0.1'));
    await reader.close();
  });

  it('refuses an intent without certificate, or with a key of another', async () => {
    await assert.rejects(start({ certificates: [] }), { code: 'ERR_INTENT' });
    await assert.rejects(start({ certificates: [{ cert: first.cert, key: second.key }] }), { code: 'ERR_INTENT' });
  });
});

describe('TLS to the origins that ask for it', () => {
  for (const define of [plain, terminate, reencrypt])
    it(`${define.name} reaches each cluster as it says`, async () => {
      const secret = createServer(pem(first), (_request, response) => response.end('secret'));
      await new Promise<void>((resolve) => secret.listen(0, '127.0.0.1', resolve));
      await using open = await new Origin(answering(ok)).listen();
      const isTerminating = define.capabilities.has('tls-termination');
      const endpoints = [{ host: '127.0.0.1', port: (secret.address() as AddressInfo).port }];
      const to = (name: string) => ({ kind: 'forward', clusters: [{ name }] }) as const;
      await using proxy = await define.start(
        {
          listener: {
            address: { host: '127.0.0.1', port: 0 },
            ...(isTerminating && { tls: { certificates: [pem(first)] } }),
          },
          clusters: [
            { name: 'secret', endpoints, tls: { ca: first.ca, serverName: 'localhost' } },
            { name: 'unknown', endpoints, tls: { ca: second.ca, serverName: 'localhost' } },
            { name: 'open', endpoints: [{ host: '127.0.0.1', port: open.port }] },
          ],
          routes: ['secret', 'unknown', 'open'].map((name) => ({
            match: { path: { kind: 'prefix', value: `/${name}` } },
            action: to(name),
          })),
        },
        new AbortController().signal,
      );
      const status = async (path: string): Promise<number | undefined> => {
        const client = isTerminating ? request : plainRequest;
        const options = { port: proxy.address.port, host: '127.0.0.1', path, agent: false, rejectUnauthorized: false };
        const [response] = (await once(client(options).end(), 'response')) as [IncomingMessage];
        response.resume();
        return response.statusCode;
      };
      assert.equal(await status('/secret'), 200);
      assert.equal(await status('/unknown'), 502);
      // What re-encrypts speaks TLS to all.
      assert.equal(await status('/open'), define === reencrypt ? 504 : 200);
      secret.close().closeAllConnections();
    });
});

describe('l7-tls-reencrypt', () => {
  /** Status that comes through to an HTTPS origin which echoes uploads. */
  async function through(
    upstream: UpstreamTls,
    body: Buffer,
    listener: RequestListener = (req, res) => req.pipe(res),
  ): Promise<{ status: number | undefined; body: Buffer }> {
    const origin = createServer(pem(first), listener);
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    await using proxy = await reencrypt.start(
      {
        listener: { address: { host: '127.0.0.1', port: 0 }, tls: { certificates: [pem(first)] } },
        clusters: [
          {
            name: 'o',
            endpoints: [{ host: '127.0.0.1', port: (origin.address() as AddressInfo).port }],
            tls: upstream,
          },
        ],
        defaultCluster: 'o',
      },
      new AbortController().signal,
    );
    const { port } = proxy.address;
    const result = await new Promise<{ status: number | undefined; body: Buffer }>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', method: 'POST', rejectUnauthorized: false, agent: false } as const;
      const req = request(options, (res) => {
        const parts: Buffer[] = [];
        res
          .on('data', (part: Buffer) => parts.push(part))
          .on('end', () => {
            resolve({ status: res.statusCode, body: Buffer.concat(parts) });
          });
      });
      req.on('error', reject).end(body);
    });
    origin.closeAllConnections();
    await new Promise((resolve) => origin.close(resolve));
    return result;
  }

  it('verifies the origin, and carries bodies both ways intact', async () => {
    const body = Buffer.alloc(3_000_000, 'hopcost ');
    const good = await through({ ca: first.ca, serverName: 'localhost' }, body);
    assert.equal(good.status, 200);
    assert.ok(good.body.equals(body));
  });

  it('502 for a body that only the end of TLS would end: whether close_notify came cannot be told', async () => {
    const untilClose: RequestListener = (_req, res) => {
      res.useChunkedEncodingByDefault = false;
      res.removeHeader('Transfer-Encoding');
      res.writeHead(200, { Connection: 'close' }).end('half of it');
    };
    const { status, body } = await through({ verify: false }, Buffer.alloc(0), untilClose);
    assert.equal(status, 502);
    assert.ok(!body.includes('half'));
  });

  it('502 for an origin it cannot verify, unless told not to', async () => {
    const body = Buffer.from('x');
    assert.equal((await through({}, body)).status, 502);
    assert.equal((await through({ ca: second.ca }, body)).status, 502);
    assert.equal((await through({ ca: first.ca, serverName: 'other.test' }, body)).status, 502);
    assert.equal((await through({ verify: false }, body)).status, 200);
  });
});
