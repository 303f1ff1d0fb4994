/**
 * The UDP session table under random traffic: clients come and go, sessions expire and are refused above the cap, strangers send to where
 * only endpoints should. Whatever a client receives is the answer to what it sent itself.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { definition } from '#proxies/l4/l4-udp.ts';
import { generator } from '#test/random.ts';
import { loopback, never } from '../sockets.ts';
import { runs } from './inputs.ts';

const datagrams = Math.ceil(runs / 4);
const cap = 12;
const clients = 16;
/** In flight at once: fewer than a socket's buffer holds, so that next to nothing is lost. */
const window = 32;

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').on('error', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

test(`udp sessions: ${datagrams} datagrams, every answer to who asked, none above the cap, all expire`, async () => {
  const random = generator(0x1b873593);
  await using scope = new AsyncDisposableStack();
  const open = async () => {
    const socket = await bound();
    scope.defer(() => void socket.close());
    return socket;
  };
  // Endpoints answer with what came; a stranger sends to the same sockets and must never be heard.
  const upstreamPorts = new Set<number>();
  const endpoints = await Promise.all([open(), open()]);
  for (const endpoint of endpoints) {
    endpoint.on('message', (datagram, { port }) => {
      upstreamPorts.add(port);
      endpoint.send(datagram, port, '127.0.0.1');
    });
  }
  const stranger = await open();
  const proxy = scope.use(
    await definition.start(
      {
        listener: { address: loopback },
        clusters: [
          { name: 'o', endpoints: endpoints.map((each) => ({ host: '127.0.0.1', port: each.address().port })) },
        ],
        defaultCluster: 'o',
        limits: { udpSessions: cap },
        timeouts: { udpSession: 80, drain: 5_000 },
      },
      never,
    ),
  );
  const { port } = proxy.address;
  let [sent, answered, mostActive] = [0, 0, 0];

  /** One client: sends some datagrams, sometimes goes away and comes back from another port. */
  const one = async (id: number): Promise<void> => {
    while (sent < datagrams) {
      const socket = await bound();
      const waiting = new Set<string>();
      let wake = () => {};
      socket.on('message', (datagram, from) => {
        if (from.port !== port) return; // the stranger knows old ports: one may be this socket's now
        const text = datagram.toString('latin1');
        // Empty datagrams are answered by empty ones; all others carry whose they are.
        if (text !== '') assert.ok(waiting.delete(text), `client ${id} got ${JSON.stringify(text.slice(0, 40))}`);
        answered++;
        wake();
      });
      for (let left = random(400); left > 0 && sent < datagrams; left--) {
        const text = random(20) === 0 ? '' : `${id} ${sent} `.padEnd(random(1_400), 'x');
        sent++;
        if (text !== '') waiting.add(text);
        socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1');
        if (random(50) === 0) for (const upstream of upstreamPorts) stranger.send('stranger', upstream, '127.0.0.1');
        if (waiting.size >= window / clients || random(10) === 0) {
          // Above the cap nobody answers: a turn or two, then on.
          const turn = new Promise<void>((resolve) => setTimeout(resolve, 2));
          await Promise.race([turn, new Promise<void>((resolve) => (wake = resolve))]);
        }
      }
      mostActive = Math.max(mostActive, (await proxy.stats!()).listener.traffic.active);
      socket.close();
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, id) => one(id)));
  assert.ok(mostActive <= cap && mostActive > 1, `${mostActive} sessions at once`);
  assert.ok(answered > datagrams / 10, `${answered} of ${datagrams} were answered`);
  await proxy.drain!();
  const { listener, clusters } = await proxy.stats!();
  assert.equal(listener.traffic.active, 0);
  for (const { traffic } of clusters[0]!.endpoints) assert.equal(traffic.active, 0);
});
