import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '#proxies/peers/external.ts';
import { tcpEcho } from './origin.ts';

const soon = () => AbortSignal.timeout(10_000);
const nothing = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [] };

test('reads the three kinds', () => {
  const { external, layer, name } = parseTarget('my-lb=https://lb.example.org/health?x=1');
  assert.deepEqual(
    { name, layer, ...external },
    {
      name: 'my-lb',
      layer: 'l7',
      address: { host: 'lb.example.org', port: 443 },
      path: '/health?x=1',
      tls: true,
      serverName: 'lb.example.org',
    },
  );
  assert.equal(parseTarget('a=http://10.0.0.1:8080').external.path, '/');
  assert.deepEqual(parseTarget('a=tcp://[::1]:99').external.address, { host: '::1', port: 99 });
  assert.equal(parseTarget('a=tcp://h:99').layer, 'l4');
});

test('refuses what it cannot read, and says what was expected', () => {
  for (const text of [
    '',
    'tcp://h:1',
    'A=tcp://h:1',
    'a=h:1',
    'a=udp://h:1',
    'a=tcp://h',
    'a=tcp://h:1/path',
    'a=http://u:p@h/',
    'a=http://h/#f',
    'a=http://h:99999/',
  ])
    assert.throws(() => parseTarget(text), /expected name=tcp:/, text);
});

test('reaches it, owns no process, starts nothing', async () => {
  await using origin = await tcpEcho();
  await using target = await parseTarget(`a=tcp://127.0.0.1:${origin.address.port}`).start(nothing, soon());
  assert.deepEqual(target.pids, []);
  assert.equal(target.address.port, origin.address.port);
});

test('says that nothing answers there', async () => {
  const { address } = await (async () => {
    await using origin = await tcpEcho();
    return { address: origin.address };
  })();
  await assert.rejects(parseTarget(`a=http://127.0.0.1:${address.port}/`).start(nothing, soon()), {
    code: 'ECONNREFUSED',
  });
});

test('refuses to be configured', async () => {
  const intent = { ...nothing, clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: 1 }] }] };
  await assert.rejects(parseTarget('a=tcp://127.0.0.1:1').start(intent, soon()), { name: 'IntentError' });
});
