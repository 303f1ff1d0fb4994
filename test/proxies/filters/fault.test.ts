import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definition as l4Tcp } from '#proxies/l4/l4-tcp.ts';
import { definition as nodeHttp } from '#proxies/peers/node-http.ts';
import { Burn, filter, ownBurner } from '#proxies/filters/fault.ts';
import { proxies } from '#proxies/registry.ts';
import { answering, ok, type Reader, setup } from '../l7/lab.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** A process whose looks at its own CPU time take some, too, and whose turns cost 1 to 5 ns, from one settling to the next. */
function machine() {
  let cpu = 0;
  let settled = 0;
  return {
    /** CPU that `requests` cost through `route`, a request. */
    cost: (route: (request: number) => number, requests: number, own: number): number => {
      const since = cpu;
      for (let i = 0; i < requests; i++) {
        cpu += own;
        assert.equal(route(i), i);
      }
      return (cpu - since) / requests;
    },
    burner: {
      cpu: () => (cpu += 0.8),
      work: (turns: number) => {
        assert.ok(Number.isInteger(turns) && turns >= 1, `${turns}`);
        settled += 1;
        cpu += turns * [0.001, 0.0013, 0.005][settled % 3]!;
      },
    },
  };
}

for (const burn of [0.03, 0.1, 0.5])
  test(`a burn of ${burn} is that share of what requests cost otherwise, taken anew as that changes`, () => {
    const { burner, cost } = machine();
    const fault = new Burn(burn, burner);
    const route = (request: number): number => fault.request() ?? request;
    cost(route, 512, 34); // the first period tells what a request costs
    for (const own of [34, 100, 20]) {
      cost(route, 512, own);
      const added = cost(route, 10_240, own) / own - 1;
      assert.ok(Math.abs(added - burn) < 0.02 * burn + 0.001, `${added} at ${own} µs`);
    }
  });

test('the loop that burns takes every turn', () => {
  const { work } = ownBurner();
  let state = 1;
  for (const turns of [1, 2, 1_000, 100_000]) {
    for (let i = 0; i < turns; i++) state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    assert.equal(work(turns), state);
  }
});

test('no burn, no filter', () => {
  const intent = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [] };
  assert.equal(filter.configuredBy(intent, undefined), undefined);
  assert.equal(filter.configuredBy({ ...intent, fault: { delay: 1 } }, undefined), undefined);
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
