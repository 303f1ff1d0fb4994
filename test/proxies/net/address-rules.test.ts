import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceRule } from '#proxies/net/address-rules.ts';

test('no rule means nothing to check', () => {
  assert.equal(sourceRule({}), undefined);
  assert.equal(sourceRule({ allowSources: [], denySources: [] }), undefined);
});

test('deny beats allow; an empty allow list allows the rest', () => {
  const cases: [allow: string[], deny: string[], address: string, admitted: boolean][] = [
    [['10.0.0.0/8'], [], '10.255.0.1', true],
    [['10.0.0.0/8'], [], '11.0.0.1', false],
    [['10.0.0.0/8'], ['10.1.0.0/16'], '10.1.2.3', false],
    [[], ['10.1.0.0/16'], '10.1.2.3', false],
    [[], ['10.1.0.0/16'], '10.2.2.3', true],
    [['192.168.0.7'], [], '192.168.0.7', true],
    [['192.168.0.7'], [], '192.168.0.8', false],
    [['0.0.0.0/0'], [], '1.2.3.4', true],
    [['2001:db8::/32'], [], '2001:db8:1::1', true],
    [['2001:db8::/32'], [], '2001:db9::1', false],
    // An IPv4 client on an IPv6 socket.
    [['10.0.0.0/8'], [], '::ffff:10.0.0.1', true],
    [[], ['10.0.0.0/8'], '::FFFF:10.0.0.1', false],
    // An address that is not known is not allowed, and cannot be shown to be denied either.
    [['0.0.0.0/0'], [], '', false],
  ];
  for (const [allowSources, denySources, address, admitted] of cases)
    assert.equal(
      sourceRule({ allowSources, denySources })!(address),
      admitted,
      `${address} by ${allowSources.join()} − ${denySources.join()}`,
    );
});

test('refuses what is no network', () => {
  for (const text of ['10.0.0.0/33', 'example.org', '10.0.0/8', '10.0.0.0/-1', '::1/129', 'fe80::1%eth0'])
    assert.throws(() => sourceRule({ allowSources: [text] }), /expected an address or a CIDR/);
});
