/** How connections end and stall: nothing is lost without a reset, nothing grows without bound, no head waits for a body. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Route } from '#proxies/config/intent.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as secure } from '#proxies/l7/l7-tls.ts';
import { faultCount } from '#proxies/platform/notices.ts';
import { answering, ok, setup, type Change } from './lab.ts';

const replying = (body: string): readonly Route[] => [{ match: {}, action: { kind: 'reply', status: 200, body } }];
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const last = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const { cert, key } = createCertificate();
const certificate = { cert, key };

/** Far more than two kernels keep, so that most of it waits in the proxy. */
const large = 24 << 20;

async function startReplying(definition: typeof plain, change: Change) {
  const tls = definition === secure ? { certificates: [certificate] } : undefined;
  const proxy = await definition.start(
    {
      listener: { address: { host: '127.0.0.1', port: 0 }, ...(tls && { tls }) },
      clusters: [],
      routes: replying('x'.repeat(large)),
      ...change,
    },
    new AbortController().signal,
  );
  const dial = async (): Promise<Socket> => {
    const { port } = proxy.address;
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await once(socket, tls ? 'secureConnect' : 'connect');
    return socket;
  };
  return { proxy, dial, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

for (const definition of [plain, secure]) {
  test(`${definition.name}: a client that reads late gets all of the last answer`, async () => {
    await using lab = await startReplying(definition, { timeouts: { linger: 80 } });
    const client = await lab.dial();
    client.write(last);
    await setTimeout(600); // several times as long as we linger
    const message = await buffer(client);
    assert.equal(message.length - message.indexOf('\r\n\r\n') - 4, large);
  });

  test(`${definition.name}: who gives up on unsent bytes says so by a reset`, async () => {
    await using lab = await startReplying(definition, { timeouts: { linger: 80, downstreamIdle: 150 }, stats: true });
    const client = await lab.dial();
    client.write(last);
    while (!(await lab.proxy.stats!()).listener.traffic.reasons.client_stalled) await setTimeout(5);
    await assert.rejects(buffer(client), { code: 'ECONNRESET' });
  });
}

test('requests of a pipeline wait while the client does not take the answers', async () => {
  await using lab = await setup(() => {}, { routes: replying('x'.repeat(65_536)), stats: true });
  const client = await lab.client();
  client.socket.pause();
  const requests = async () => (await lab.proxy.stats!()).listener.traffic.requests;
  const sent = 2_000;
  client.send(get.repeat(sent - 1) + last);
  let answered = -1;
  for (let now = await requests(); now === 0 || now > answered; now = await requests()) {
    answered = now;
    await setTimeout(150);
  }
  assert.ok(answered < sent / 2, `${answered} answers of 64 KiB for a client that takes none`);
  client.socket.resume();
  const text = await client.end();
  assert.equal(text.split('HTTP/1.1 200 OK').length - 1, sent);
});

test('an origin that informs for ever is not read on where the client does not read', async () => {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: </${'x'.repeat(500)}>\r\n\r\n`.repeat(120);
  let written = 0;
  let release = (): void => {};
  const most = 100 << 20;
  await using lab = await setup(async ({ socket }) => {
    await once(socket, 'data');
    let pumping = true;
    release = () => (pumping = false);
    while (pumping && written < most) {
      written += hint.length;
      if (!socket.write(hint)) await once(socket, 'drain');
    }
    socket.write(ok);
  });
  const client = await lab.client();
  client.send(last).socket.pause();
  for (let before = -1; written > before || written === 0;) {
    before = written;
    await setTimeout(200);
  }
  assert.ok(written < most / 2, `${written} bytes for a client that reads none`);
  release();
  client.socket.resume();
  assert.ok((await client.end()).endsWith('\r\n\r\nok'));
});

for (const [framing, head, body] of [
  ['a length', 'Content-Length: 4\r\n', 'data'],
  ['chunks', 'Transfer-Encoding: chunked\r\n', '4\r\ndata\r\n0\r\n\r\n'],
  ['the end of the connection', '', 'data'],
] as const) {
  for (const version of ['1.0', '1.1']) {
    test(`a head does not wait for its body, ended by ${framing} (HTTP/${version})`, { timeout: 5_000 }, async () => {
      await using lab = await setup((connection) => {
        connection.socket.once('data', () => connection.send(`HTTP/1.1 200 OK\r\nX-A: b\r\n${head}\r\n`));
      });
      const client = await lab.client();
      client.send(`GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(await client.sees('\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
      (await lab.origin.connection(0)).send(body).socket.end();
      assert.match(await client.end(), /\r\n\r\n(4\r\n)?data/);
    });
  }
}

for (const requests of [1, 2, 5]) {
  test(`a pipeline of ${requests} that ends in a FIN is answered, all of it`, async () => {
    await using lab = await setup(answering(ok));
    const client = await lab.client();
    client.socket.end(get.repeat(requests - 1) + last);
    const text = await client.end();
    assert.equal(text.split('\r\n\r\nok').length - 1, requests, text);
    await client.close();
  });
}

test('several requests and a FIN need no Connection: close; half a request after them is dropped', async () => {
  for (const rest of ['', 'GET /half HTTP/1.1\r\nHo']) {
    const faults = faultCount();
    await using lab = await setup(answering(ok));
    const client = await lab.client();
    client.socket.end(get.repeat(3) + rest);
    assert.equal((await client.end()).split('\r\n\r\nok').length - 1, 3);
    await client.close();
    assert.equal(faultCount(), faults);
  }
});

test('a body that was announced and cut by a FIN reaches nobody as a whole request', async () => {
  await using lab = await setup(() => {});
  const client = await lab.client();
  client.socket.end('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50000\r\n\r\nhalf');
  const origin = await lab.origin.connection(0);
  await origin.close();
  assert.equal(await client.end(), '');
});

test('what a client says ahead of its tunnel arrives, and its FIN', async () => {
  await using lab = await setup(async (connection) => {
    await connection.sees('\r\n\r\n');
    connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await connection.sees('early');
    connection.send('got it');
  });
  const client = await lab.client();
  client.socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly');
  assert.ok((await client.end()).endsWith('got it')); // which the origin ended once it had the client's FIN
});

test('a tunnel that is cut on this hop is cut on both sides', async () => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  const lab = await setup((connection) => void connection.sees('\r\n\r\n').then(() => connection.send(switching)));
  try {
    const client = await lab.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await client.sees('101');
    await lab.proxy[Symbol.asyncDispose]();
    await client.end();
    await (await lab.origin.connection(0)).end();
  } finally {
    await lab[Symbol.asyncDispose]();
  }
});
