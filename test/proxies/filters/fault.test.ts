import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definition as l4Tcp } from '#proxies/l4/l4-tcp.ts';
import { definition as nodeHttp } from '#proxies/peers/node-http.ts';
import { burning } from '#proxies/filters/fault.ts';
import { proxies } from '#proxies/registry.ts';
import { answering, ok, type Reader, setup } from '../l7/lab.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('a burn is the share asked for of what a request costs otherwise, taken anew as that changes', () => {
  let clock = 0;
  let cost = 100;
  let burnt = 0;
  const route = burning(
    (request: number) => request,
    { burn: 0.5 },
    () => clock,
  );
  const period = (): number => {
    const since = performance.now();
    for (let i = 0; i < 256; i++) {
      clock += cost + burnt;
      assert.equal(route(i), i);
    }
    return (performance.now() - since) * 1_000;
  };
  period(); // the first tells what a request costs; its last one burns already
  burnt = 50;
  assert.ok(period() >= 255 * 50);
  cost = 400;
  period();
  burnt = 200;
  assert.ok(period() >= 255 * 200);
});

test('no burn, no wrapper', () => {
  const route = (request: number): number => request;
  assert.equal(burning(route, {}), route);
});

test('a proxy with a burn answers as one without', async () => {
  await using lab = await setup(answering(ok), { fault: { burn: 0.5 } });
  const client = await lab.client();
  client.send(get.repeat(3));
  await client.until(() => client.text.split('ok').length > 3);
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
    fault: { burn: 0.5 },
  };
  for (const proxy of [l4Tcp, nodeHttp, proxies.get('nginx-http')!, proxies.get('l4-udp')!]) {
    if ((await proxy.availability()).state === 'missing') continue;
    await assert.rejects(proxy.start(intent, AbortSignal.timeout(5_000)), /fault/, proxy.name);
  }
});
