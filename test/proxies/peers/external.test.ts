import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '#proxies/peers/external.ts';

const nothing = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [] };

test('reads the three kinds', () => {
  const { external, layer, name } = parseTarget('my-lb=https://lb.example.org/health?x=1');
  assert.deepEqual(
    { name, layer, ...external },
    {
      name: 'my-lb',
      layer: 'l7',
      address: { host: 'lb.example.org', port: 443 },
      url: 'https://lb.example.org/health?x=1',
      path: '/health?x=1',
      authority: 'lb.example.org',
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
    '-a=tcp://h:1',
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

test('what it trusts is said for https alone', () => {
  assert.equal(parseTarget('a=https://h/', 'PEM').external.ca, 'PEM');
  assert.equal(parseTarget('a=http://h/', 'PEM').external.ca, undefined);
});

test('is never started', async () => {
  const intent = { ...nothing, clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: 1 }] }] };
  for (const any of [nothing, intent])
    await assert.rejects(parseTarget('a=tcp://127.0.0.1:1').start(any, new AbortController().signal), {
      name: 'IntentError',
    });
});
