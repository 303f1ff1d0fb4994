import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress, formatIpv6, packAddress } from '#proxies/config/ip-address.ts';
import { addressSet, parseNetwork } from '#proxies/config/network.ts';
import { parseProxyHeader, writeProxyHeader } from '#proxies/net/proxy-protocol.ts';

test('an address has one form, however it was written', () => {
  const cases: [written: string, canonical: string][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:a00:1', '10.0.0.1'],
    ['0:0:0:0:0:ffff:0a00:0001', '10.0.0.1'],
    ['2001:DB8:0:0:0::1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::10.0.0.1', '::a00:1'], // compatible, not mapped
    ['a.test', 'a.test'],
    ['', ''],
  ];
  for (const [written, canonical] of cases) assert.equal(canonicalAddress(written), canonical);
});

test('a canonical form stays as it is, and is the same address', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatIpv6(bytes);
      const canonical = canonicalAddress(text);
      assert.equal(canonicalAddress(canonical), canonical);
      assert.deepEqual(packAddress(text), Buffer.from(bytes));
    }),
  );
});

test('a network that is mapped into IPv6 is the IPv4 network', () => {
  assert.deepEqual(parseNetwork('::ffff:10.0.0.0/104'), {
    address: '10.0.0.0',
    prefix: 8,
    family: 'ipv4',
    isAddress: false,
  });
  const isInside = addressSet(['::ffff:10.0.0.0/104', '2001:db8::/32']);
  for (const inside of ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', '2001:DB8::7'])
    assert.equal(isInside(inside), true);
  for (const outside of ['11.1.2.3', '::ffff:b01:203', '2001:db9::7', 'nobody']) assert.equal(isInside(outside), false);
});

test('PROXY headers of both versions tell mapped addresses as what they are', () => {
  const mapped = {
    sourceAddress: '::ffff:10.0.0.1',
    sourcePort: 1,
    destinationAddress: '2001:DB8::0:2',
    destinationPort: 2,
  };
  for (const version of ['v1', 'v2'] as const) {
    const parsed = parseProxyHeader(writeProxyHeader(version, mapped));
    assert.ok(parsed.kind === 'done');
    assert.deepEqual(parsed.value.addresses, {
      ...mapped,
      sourceAddress: '10.0.0.1',
      destinationAddress: '2001:db8::2',
    });
  }
});
