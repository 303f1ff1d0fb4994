import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definition as l4Tcp } from '#proxies/l4/l4-tcp.ts';
import { definition as nodeHttp } from '#proxies/peers/node-http.ts';
import { proxies } from '#proxies/registry.ts';
import { answering, ok, type Reader, setup } from '../l7/lab.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('a burn is CPU time of the proxy: at least as much as asked for, request by request', async () => {
  const burn = 20_000;
  await using lab = await setup(answering(ok), { fault: { burn } });
  const client = await lab.client();
  const before = process.cpuUsage();
  for (let i = 1; i <= 10; i++) {
    client.send(get);
    await client.until(() => client.text.split('ok').length > i);
  }
  const { user, system } = process.cpuUsage(before);
  // Spun against the clock: what others took of this core meanwhile is not ours.
  assert.ok(user + system > 0.3 * 10 * burn, `${user + system} µs of CPU time for ten burns of ${burn} µs`);
});

test('a delay keeps order, loses nothing, and holds back every request', async () => {
  await using lab = await setup(answering(ok), { fault: { delay: 5 } });
  const client = await lab.client();
  const since = performance.now();
  client.send(get.repeat(3));
  await client.until(() => client.text.split('ok').length > 3);
  assert.ok(performance.now() - since >= 4.9);
});

test('a body that comes in pieces is delayed in order', async () => {
  const answer = async (origin: Reader): Promise<void> => {
    await origin.sees('hello');
    origin.send(ok);
  };
  await using lab = await setup(answer, { fault: { delay: 5 } });
  const client = await lab.client();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe').send('l').send('lo');
  await client.sees('ok');
});

test('a client that leaves within the delay leaves nothing behind', async () => {
  await using lab = await setup(answering(ok), { fault: { delay: 20 } });
  const client = await lab.client();
  client.send(get);
  client.socket.resetAndDestroy();
  await client.close();
  const other = await lab.client();
  other.send(get);
  await other.sees('ok');
});

test('who knows no faults refuses them by name', async () => {
  const intent = {
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: 1 }] }],
    defaultCluster: 'origin',
    fault: { burn: 5 },
  };
  for (const proxy of [l4Tcp, nodeHttp, proxies.get('nginx-http')!, proxies.get('l4-udp')!]) {
    if ((await proxy.availability()).state === 'missing') continue;
    await assert.rejects(proxy.start(intent, AbortSignal.timeout(5_000)), /fault/, proxy.name);
  }
});
