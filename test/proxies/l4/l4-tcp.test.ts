import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l4/l4-tcp.ts';
import {
  closedPort,
  connect,
  ending,
  loopback,
  never,
  receive,
  serve,
  serveNobody,
  type TestServer,
} from '../sockets.ts';

const intentFor = (endpoints: { host: string; port: number }[], more: Partial<ProxyIntent> = {}): ProxyIntent => ({
  listener: { address: loopback },
  clusters: [{ name: 'origin', endpoints }],
  defaultCluster: 'origin',
  ...more,
});

const start = (origin: TestServer, more: Partial<ProxyIntent> = {}) =>
  definition.start(intentFor([origin.address], more), never);

test('bytes pass both ways, whatever their size', async () => {
  await using origin = await serve((socket) => socket.pipe(socket));
  await using proxy = await start(origin);
  const payload = Buffer.from(Array.from({ length: 5_000_000 }, (_, i) => (i * 7 + (i >> 11)) & 255));
  const client = connect(proxy.address);
  client.end(payload);
  assert.ok(payload.equals(await buffer(client)));
});

test('FIN travels one way while the other direction flows', async () => {
  await using origin = await serve();
  await using proxy = await start(origin);
  const client = connect(proxy.address);
  client.end('request');
  const server = await origin.next();
  assert.equal(String(await receive(server, 7)), 'request');
  assert.equal(await ending(server), 'FIN');
  server.write('late ');
  assert.equal(String(await receive(client, 5)), 'late ');
  server.end('answer');
  assert.equal(await text(client), 'answer');
});

test('RST stays RST, in both directions', async () => {
  await using origin = await serve();
  await using proxy = await start(origin);
  const first = connect(proxy.address);
  first.write('x');
  const server = await origin.next();
  await receive(server, 1);
  const end = ending(server);
  first.resetAndDestroy();
  assert.equal(await end, 'ECONNRESET');

  const second = connect(proxy.address);
  second.write('x');
  const other = await origin.next();
  await receive(other, 1);
  const secondEnd = ending(second);
  other.resetAndDestroy();
  assert.equal(await secondEnd, 'ECONNRESET');
});

test('endpoints take turns, and one that refuses is passed over', async () => {
  await using one = await serve((socket) => socket.end('1'));
  await using two = await serve((socket) => socket.end('2'));
  const dead = { host: '127.0.0.1', port: await closedPort() };
  await using proxy = await definition.start(intentFor([one.address, dead, two.address]), never);
  const answers: string[] = [];
  for (let i = 0; i < 6; i++) answers.push(await text(connect(proxy.address)));
  assert.equal([...answers].sort().join(''), '111222');
  await proxy.drain!();
  const stats = await proxy.stats!();
  assert.deepEqual(
    stats.clusters[0]!.endpoints.map(({ traffic }) => [traffic.active, traffic.errors > 0, traffic.bytesSent]),
    [
      [0, false, 3],
      [0, true, 0],
      [0, false, 3],
    ],
  );
});

test('a client is reset where no endpoint takes the connection', async () => {
  const dead = { host: '127.0.0.1', port: await closedPort() };
  await using proxy = await definition.start(intentFor([dead, dead]), never);
  assert.equal(await ending(connect(proxy.address)), 'ECONNRESET');
});

test('a stalled reader stops the sender, and loses nothing', async () => {
  await using origin = await serve((socket) => socket.pipe(socket));
  await using proxy = await start(origin);
  const client = connect(proxy.address).pause();
  const server = (await origin.next()).unpipe();
  // Kernel buffers on the way take a few MiB; only a proxy without bounds would take all.
  const size = 64 << 20;
  let flushed = false;
  server.write(Buffer.alloc(size, 7), () => (flushed = true));
  for (let i = 0; i < 50; i++) {
    const other = connect(proxy.address);
    other.write('ping');
    await receive(other, 4);
    other.destroy();
  }
  assert.ok(!flushed, 'the origin got rid of everything while nobody read');
  server.end();
  let received = 0;
  client.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
  await once(client, 'end');
  assert.equal(received, size);
  client.end();
});

test('idle and half-closed connections end at their own timeouts', async () => {
  await using origin = await serve();
  await using proxy = await start(origin, { timeouts: { tunnelIdle: 300, halfClosed: 100 } });
  const began = performance.now();
  const idle = connect(proxy.address);
  const half = connect(proxy.address);
  half.end();
  const times = await Promise.all(
    [idle, half].map(async (client) => {
      await ending(client);
      return performance.now() - began;
    }),
  );
  assert.ok(times[0]! >= 300 && times[1]! >= 100 && times[1]! < times[0]!, String(times));
});

test('a connect timeout tries the next endpoint', async () => {
  await using origin = await serve((socket) => socket.end('here'));
  // TEST-NET-1 (RFC 5737): either unreachable at once, or silent.
  const silent = { host: '192.0.2.1', port: 9 };
  const intent = intentFor([silent, origin.address], { timeouts: { connect: 100 } });
  await using proxy = await definition.start(intent, never);
  assert.equal(await text(connect(proxy.address)), 'here');
});

test('a client that leaves while its endpoint is being connected to is gone at once, whatever it sent before', async () => {
  await using origin = await serveNobody();
  const intent = intentFor([origin.address], { timeouts: { connect: 60_000, drain: 60_000 } });
  await using proxy = await definition.start(intent, never);
  for (const sent of ['', 'early bytes']) {
    const client = connect(proxy.address);
    await once(client, 'connect');
    if (sent !== '') await new Promise((resolve) => client.write(sent, resolve));
    client.resetAndDestroy();
  }
  await proxy.drain!();
  const { listener, clusters } = await proxy.stats!();
  assert.deepEqual([listener.traffic.connections, listener.traffic.active], [2, 0]);
  assert.equal(clusters[0]!.endpoints[0]!.traffic.active, 0);
});

test('what a client says while its endpoint is being connected to, FIN included, is not lost', async () => {
  await using origin = await serve((socket) => socket.pipe(socket));
  // The first endpoint keeps every connection waiting until its timeout.
  await using nobody = await serveNobody();
  const intent = intentFor([nobody.address, origin.address], { timeouts: { connect: 100 } });
  await using proxy = await definition.start(intent, never);
  const payload = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 13) & 255));
  const client = connect(proxy.address);
  client.end(payload);
  assert.ok(payload.equals(await buffer(client)));
  await proxy.drain!();
  const { traffic } = (await proxy.stats!()).listener;
  assert.deepEqual([traffic.bytesReceived, traffic.bytesSent], [payload.length, payload.length]);
});

test('source rules and port rules', async () => {
  await using origin = await serve((socket) => socket.end('in'));
  const reach = async (l4: NonNullable<ProxyIntent['l4']>) => {
    await using proxy = await start(origin, { l4 });
    const client = connect(proxy.address);
    return await text(client).catch((error: NodeJS.ErrnoException) => error.code);
  };
  assert.equal(await reach({ allowSources: ['127.0.0.0/8'] }), 'in');
  assert.equal(await reach({ allowSources: ['10.0.0.0/8'] }), 'ECONNRESET');
  assert.equal(await reach({ denySources: ['127.0.0.1'] }), 'ECONNRESET');
  assert.equal(await reach({ allowSources: ['127.0.0.0/8'], denySources: ['127.0.0.1/32'] }), 'ECONNRESET');
  assert.equal(await reach({ allowPorts: [origin.address.port] }), 'in');
  await assert.rejects(reach({ allowPorts: [1] }), IntentError);
  assert.equal(origin.sockets.length, 2);
});

test('drain refuses new connections, lets old ones finish, and keeps its deadline', async () => {
  await using origin = await serve((socket) => socket.pipe(socket));
  await using proxy = await start(origin, { timeouts: { drain: 300 } });
  const open = connect(proxy.address);
  const stuck = connect(proxy.address);
  for (const client of [open, stuck]) {
    client.write('a');
    await receive(client, 1);
  }
  const drained = proxy.drain!();
  assert.equal(await ending(connect(proxy.address)), 'ECONNREFUSED');
  open.end('b');
  assert.equal(await text(open), 'b');
  const began = performance.now();
  await Promise.all([drained, ending(stuck)]);
  assert.ok(performance.now() - began < 2_000);
});

test('a new intent holds for new connections; a wrong one changes nothing', async () => {
  await using one = await serve((socket) => void socket.write('1'));
  await using two = await serve((socket) => void socket.write('2'));
  await using proxy = await start(one);
  const old = connect(proxy.address);
  assert.equal(String(await receive(old, 1)), '1');
  const next = (endpoint: { host: string; port: number }) => intentFor([endpoint]);
  await assert.rejects(proxy.reload!({ ...next(two.address), defaultCluster: 'nowhere' }), IntentError);
  await assert.rejects(
    proxy.reload!({ ...next(two.address), accessLog: '/x', listener: { address: two.address } }),
    (error: IntentError) => error.problems.map(({ path }) => path).join() === 'listener.address,accessLog',
  );
  await proxy.reload!(next(two.address));
  const fresh = connect(proxy.address);
  assert.equal(String(await receive(fresh, 1)), '2');
  old.write('still');
  assert.equal(String(await receive(one.sockets[0]!, 5)), 'still');
  for (const client of [old, fresh]) client.destroy();
});

test('the source-ip policy keeps a client at its endpoint', async () => {
  await using one = await serve((socket) => socket.end('1'));
  await using two = await serve((socket) => socket.end('2'));
  const intent = intentFor([]);
  await using proxy = await definition.start(
    { ...intent, clusters: [{ name: 'origin', policy: 'source-ip', endpoints: [one.address, two.address] }] },
    never,
  );
  const answers = new Set<string>();
  for (let i = 0; i < 8; i++) answers.add(await text(connect(proxy.address)));
  assert.equal(answers.size, 1);
});

test('what L4 cannot do is refused by path', async () => {
  const intent = intentFor([{ host: '127.0.0.1', port: 1 }], {
    listener: { address: loopback, tls: { certificates: [] } },
    routes: [],
    sniRoutes: [],
  });
  await assert.rejects(definition.start(intent, never), (error: IntentError) => {
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['listener.tls', 'routes', 'sniRoutes'],
    );
    return true;
  });
});

test('an occupied port is the error of the system', async () => {
  await using origin = await serve();
  await assert.rejects(start(origin, { listener: { address: origin.address } }), { code: 'EADDRINUSE' });
});

test('random aborts leave no session, whichever side and whenever', async () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const actions = ['destroy', 'resetAndDestroy', 'end'] as const;
  await using origin = await serve((socket) => {
    socket.on('data', (chunk: Buffer) => {
      // Node never closes what is reset while its FIN is on its way.
      if (random(4) === 0) socket[socket.writableEnded ? 'destroy' : actions[random(3)]!]();
      else socket.write(chunk);
    });
    socket.on('end', () => socket.end());
  });
  await using proxy = await start(origin, { timeouts: { drain: 3_000 } });
  const one = async () => {
    const client = connect(proxy.address).on('error', () => {});
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.on('end', () => client.end());
    if (random(5) > 0) await once(client, 'connect').catch(() => {});
    for (let writes = random(4); writes > 0 && client.writable; writes--) {
      client.write(Buffer.alloc(1 + random(100_000)));
      await Promise.race([once(client, 'data').catch(() => {}), closed]);
    }
    client[client.writableEnded ? 'destroy' : actions[random(3)]!]();
    client.resume();
    await closed;
  };
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 40 }, one));
  await proxy.drain!();
  const { listener, clusters } = await proxy.stats!();
  assert.equal(listener.traffic.active, 0);
  assert.equal(clusters[0]!.endpoints[0]!.traffic.active, 0);
  assert.ok(listener.traffic.connections >= 300);
});
