import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { Cluster, ProxyIntent } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l4/l4-tcp.ts';
import { parseProxyHeader, writeProxyHeader } from '#proxies/net/proxy-protocol.ts';
import { faultCount } from '#proxies/platform/notices.ts';
import { connect, ending, loopback, never, receive, serve, type TestServer } from '../sockets.ts';

const start = (origin: TestServer, cluster: Partial<Cluster>, intent: Partial<ProxyIntent> = {}) =>
  definition.start(
    {
      listener: { address: loopback },
      clusters: [{ name: 'o', endpoints: [origin.address], ...cluster }],
      defaultCluster: 'o',
      ...intent,
    },
    never,
  );

const accepting = { listener: { address: loopback, proxyProtocol: true } };
const told = {
  sourceAddress: '203.0.113.9',
  sourcePort: 4711,
  destinationAddress: '203.0.113.1',
  destinationPort: 443,
};

for (const version of ['v1', 'v2'] as const) {
  test(`tells the origin who the client is (${version})`, async () => {
    await using origin = await serve();
    await using proxy = await start(origin, { proxyProtocol: version });
    const client = connect(proxy.address);
    client.write('hi');
    const server = await origin.next();
    const { address, port } = { address: '127.0.0.1', port: client.localPort! };
    const expected = Buffer.concat([
      writeProxyHeader(version, {
        sourceAddress: address,
        sourcePort: port,
        destinationAddress: address,
        destinationPort: proxy.address.port,
      }),
      Buffer.from('hi'),
    ]);
    assert.deepEqual(await receive(server, expected.length), expected);
    client.destroy();
  });

  test(`believes a header and passes it on, whatever way it is split (${version})`, async () => {
    await using origin = await serve();
    await using proxy = await start(origin, { proxyProtocol: 'v2' }, accepting);
    const header = writeProxyHeader(version, told);
    const bytes = Buffer.concat([header, Buffer.from('data')]);
    for (let at = 1; at < bytes.length; at += 3) {
      const client = connect(proxy.address);
      client.write(bytes.subarray(0, at));
      client.write(bytes.subarray(at));
      const server = await origin.next();
      const received = await receive(server, writeProxyHeader('v2', told).length + 4);
      const parsed = parseProxyHeader(received);
      assert.ok(parsed.kind === 'done');
      assert.deepEqual(parsed.value.addresses, told);
      assert.equal(String(received.subarray(parsed.length)), 'data');
      client.destroy();
    }
  });
}

test('a connection without a header, or with half of one, reaches nobody', async () => {
  await using origin = await serve();
  await using proxy = await start(origin, {}, { ...accepting, timeouts: { clientHello: 100 } });
  const plain = connect(proxy.address);
  plain.write('GET / HTTP/1.1\r\n\r\n');
  assert.equal(await ending(plain), 'ECONNRESET');
  const half = connect(proxy.address);
  half.write('PROXY TCP4 ');
  assert.equal(await ending(half), 'ECONNRESET');
  const ended = connect(proxy.address);
  ended.end('PROXY');
  assert.equal(await ending(ended), 'ECONNRESET');
  assert.equal(origin.sockets.length, 0);
});

test('clients that are gone when the endpoint takes the connection cost their own session', async () => {
  await using origin = await serve();
  const faults = faultCount();
  await using proxy = await start(origin, { proxyProtocol: 'v2' });
  for (let round = 0; round < 10; round++) {
    const clients = Array.from({ length: 10 }, () => connect(proxy.address).on('error', () => {}));
    await Promise.all(
      clients.map(async (client) => {
        await once(client, 'connect');
        client.resetAndDestroy();
      }),
    );
  }
  const last = connect(proxy.address);
  last.end('last');
  // Every header that arrived whole names a client, those of the reset ones as well.
  for (;;) {
    const socket = await origin.next();
    const bytes = await buffer(socket).catch(() => Buffer.alloc(0));
    const parsed = parseProxyHeader(bytes);
    if (parsed.kind !== 'done') continue;
    assert.equal(parsed.value.addresses?.sourceAddress, '127.0.0.1');
    if (String(bytes.subarray(parsed.length)) === 'last') break;
  }
  last.destroy();
  assert.equal(faultCount(), faults);
});

test('source rules judge the client that the header names', async () => {
  await using origin = await serve((socket) => void socket.write('in'));
  await using proxy = await start(origin, {}, { ...accepting, l4: { allowSources: ['203.0.113.0/24'] } });
  const named = connect(proxy.address);
  named.write(writeProxyHeader('v2', told));
  assert.equal(String(await receive(named, 2)), 'in');
  named.destroy();
  // LOCAL: the connection's own address counts, and that is not allowed.
  const local = connect(proxy.address);
  local.write(writeProxyHeader('v2', undefined));
  assert.equal(await ending(local), 'ECONNRESET');
});
