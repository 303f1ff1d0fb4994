import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { definition } from '#proxies/l4/l4-udp.ts';
import { loopback, never } from '../sockets.ts';

class Peer implements AsyncDisposable {
  readonly socket: Socket = createSocket('udp4');
  readonly #received: [Buffer, RemoteInfo][] = [];

  constructor() {
    this.socket.on('error', () => {});
    this.socket.on('message', (datagram, from) => {
      this.#received.push([datagram, from]);
      this.socket.emit('kept');
    });
  }

  static async bound(): Promise<Peer> {
    const peer = new Peer();
    peer.socket.bind(0, '127.0.0.1');
    await once(peer.socket, 'listening');
    return peer;
  }

  get endpoint() {
    return { host: '127.0.0.1', port: this.socket.address().port };
  }

  get waiting(): number {
    return this.#received.length;
  }

  send(text: string, { address }: RunningProxy): void {
    this.socket.send(text, address.port, address.host);
  }

  async next(): Promise<[string, RemoteInfo]> {
    while (this.#received.length === 0) await once(this.socket, 'kept');
    const [datagram, from] = this.#received.shift()!;
    return [String(datagram), from];
  }

  async [Symbol.asyncDispose]() {
    this.socket.close();
    await once(this.socket, 'close');
  }
}

const start = (endpoints: { host: string; port: number }[], more: Partial<ProxyIntent> = {}) =>
  definition.start(
    { listener: { address: loopback }, clusters: [{ name: 'o', endpoints }], defaultCluster: 'o', ...more },
    never,
  );

/** Answers every datagram with itself, in brackets. */
async function echo(): Promise<Peer> {
  const peer = await Peer.bound();
  peer.socket.on('message', (datagram, { port, address }) => peer.socket.send(`[${String(datagram)}]`, port, address));
  return peer;
}

test('datagrams keep their bounds both ways, empty ones too', async () => {
  await using origin = await echo();
  await using proxy = await start([origin.endpoint]);
  await using client = await Peer.bound();
  for (const text of ['a', '', 'x'.repeat(60_000)]) {
    client.send(text, proxy);
    assert.equal((await origin.next())[0], text);
    assert.equal((await client.next())[0], `[${text}]`);
  }
  const { listener } = await proxy.stats!();
  assert.deepEqual([listener.traffic.connections, listener.traffic.requests], [1, 3]);
});

test('a client keeps its session, and gets its own answers alone', async () => {
  await using origin = await echo();
  await using proxy = await start([origin.endpoint]);
  await using clients = new AsyncDisposableStack();
  const peers: Peer[] = [];
  for (let i = 0; i < 8; i++) peers.push(clients.use(await Peer.bound()));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(7), { minLength: 1, maxLength: 40 }), async (order) => {
      const expected = peers.map(() => [] as string[]);
      order.forEach((who, i) => {
        peers[who]!.send(`${who}.${i}`, proxy);
        expected[who]!.push(`[${who}.${i}]`);
      });
      for (const [who, peer] of peers.entries()) {
        const answers: string[] = [];
        while (answers.length < expected[who]!.length) answers.push((await peer.next())[0]);
        assert.deepEqual(answers, expected[who]);
      }
    }),
    { numRuns: 25, seed: 9 },
  );
  assert.ok(peers.every((peer) => peer.waiting === 0));
  const { listener } = await proxy.stats!();
  assert.equal(listener.traffic.active, (await proxy.stats!()).clusters[0]!.endpoints[0]!.traffic.connections);
});

test('only the endpoint can answer', async () => {
  await using origin = await Peer.bound();
  await using stranger = await Peer.bound();
  await using proxy = await start([origin.endpoint]);
  await using client = await Peer.bound();
  client.send('hello', proxy);
  const [, session] = await origin.next();
  stranger.socket.send('forged', session.port, session.address);
  origin.socket.send('true', session.port, session.address);
  assert.equal((await client.next())[0], 'true');
  assert.equal(client.waiting, 0);
});

test('a session expires when nothing passes, and the next datagram starts another', async () => {
  await using origin = await echo();
  await using proxy = await start([origin.endpoint], { timeouts: { udpSession: 80 } });
  await using client = await Peer.bound();
  client.send('1', proxy);
  await client.next();
  while ((await proxy.stats!()).listener.traffic.active > 0) await setImmediate();
  client.send('2', proxy);
  await client.next();
  const { listener } = await proxy.stats!();
  assert.deepEqual([listener.traffic.connections, listener.traffic.active], [2, 1]);
});

test('above the cap, and for sources that are denied, datagrams are dropped', async () => {
  await using origin = await echo();
  await using proxy = await start([origin.endpoint], { limits: { udpSessions: 1 } });
  await using one = await Peer.bound();
  await using two = await Peer.bound();
  one.send('in', proxy);
  await one.next();
  two.send('out', proxy);
  one.send('again', proxy);
  assert.equal((await one.next())[0], '[again]');
  assert.equal((await proxy.stats!()).listener.traffic.errors, 1);

  await using closed = await start([origin.endpoint], { l4: { denySources: ['127.0.0.0/8'] } });
  one.send('denied', closed);
  one.send('through', proxy);
  assert.equal((await one.next())[0], '[through]');
  assert.equal((await closed.stats!()).listener.traffic.connections, 0);
});

test('clients are spread over the endpoints; drain ends at its deadline', async () => {
  await using one = await echo();
  await using two = await echo();
  const proxy = await start([one.endpoint, two.endpoint], { timeouts: { drain: 50 } });
  await using clients = new AsyncDisposableStack();
  for (let i = 0; i < 4; i++) {
    const client = clients.use(await Peer.bound());
    client.send('x', proxy);
    await client.next();
  }
  assert.deepEqual([one.waiting, two.waiting], [2, 2]);
  await proxy.drain!();
  await proxy[Symbol.asyncDispose]();
});

test('an endpoint that cannot be resolved or reached costs its datagrams, which are counted', async () => {
  await using origin = await echo();
  const bound = await Peer.bound();
  const gone = bound.endpoint;
  await bound[Symbol.asyncDispose]();
  await using client = await Peer.bound();
  for (const [host, port, reason] of [
    ['no-such-host.invalid', 9, 'upstream_name'],
    ['255.255.255.255', 9, 'upstream_connect'], // a broadcast that nobody asked the system for
    [gone.host, gone.port, 'upstream_connect'],
  ] as const) {
    const intent = { clusters: [{ name: 'o', endpoints: [{ host, port }] }], timeouts: { udpSession: 30_000 } };
    await using proxy = await start([], intent);
    client.send('lost', proxy);
    let traffic;
    do {
      await setImmediate();
      ({ traffic } = (await proxy.stats!()).listener);
    } while (traffic.errors === 0);
    assert.deepEqual([traffic.errors, traffic.active, traffic.reasons], [1, 0, { [reason]: 1 }], host);
    await proxy.reload!({
      listener: { address: proxy.address },
      clusters: [{ name: 'o', endpoints: [origin.endpoint] }],
      defaultCluster: 'o',
    });
    client.send('found', proxy);
    assert.equal((await client.next())[0], '[found]');
  }
});

test('refuses what has no meaning for datagrams', async () => {
  const listener = { address: loopback, proxyProtocol: true };
  await assert.rejects(start([{ host: '127.0.0.1', port: 9 }], { listener }), IntentError);
});
