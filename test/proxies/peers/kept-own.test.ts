/** What a peer is not given of the limits and timeouts that hold everywhere: told, and told in full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, defaultTimeouts } from '#proxies/config/defaults.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { keptOwn, nothingBut } from '#proxies/config/offers.ts';
import { binaries, peers } from '#proxies/peers/registry.ts';
import { proxies } from '#proxies/registry.ts';

const own = (name: string): readonly string[] => proxies.get(name)!.keepsOwn ?? [];

test('who offers nothing keeps all of its own, and only settings of its layer are asked for', () => {
  const known = [
    ...Object.keys(defaultLimits).map((key) => `limits.${key}`),
    ...Object.keys(defaultTimeouts).map((key) => `timeouts.${key}`),
  ];
  for (const layer of ['l4', 'l7'] as const)
    for (const feature of keptOwn(layer, nothingBut())) assert.ok(known.includes(feature), feature);
  assert.ok(keptOwn('l7', nothingBut()).includes('limits.headBytes'));
  assert.ok(!keptOwn('l4', nothingBut()).includes('limits.headBytes'));
  assert.deepEqual(keptOwn('l4', nothingBut(...keptOwn('l4', nothingBut()))), []);
});

test('every peer says what it keeps of its own, and the references take everything', () => {
  for (const { name, keepsOwn } of peers) assert.ok(keepsOwn !== undefined, name);
  for (const name of ['l4-tcp', 'l4-sni', 'l7-http', 'l7-tls']) assert.equal(proxies.get(name)!.keepsOwn, undefined);
  assert.ok(own('nginx-stream').includes('timeouts.halfClosed'));
  assert.ok(!own('nginx-stream').includes('timeouts.connect'));
  assert.ok(!own('node-http').includes('limits.headBytes'));
});

test('what a peer says it keeps of its own, it refuses to be given', () => {
  const surroundings = {} as never;
  for (const peer of binaries)
    for (const path of peer.keepsOwn ?? []) {
      const [group, key] = path.split('.') as ['limits' | 'timeouts', string];
      const intent = {
        listener: { address: { host: '127.0.0.1', port: 0 } },
        clusters: [{ name: 'origin', endpoints: [{ host: '127.0.0.1', port: 1 }] }],
        defaultCluster: 'origin',
        [group]: { [key]: 1 },
      } as ProxyIntent;
      assert.throws(
        () => peer.render(intent, surroundings),
        (error) => error instanceof IntentError && error.message.includes(path),
        `${peer.name} ${path}`,
      );
    }
});
