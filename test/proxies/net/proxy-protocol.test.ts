import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '#proxies/net/crc32c.ts';
import { formatIpv6, packAddress } from '#proxies/config/ip-address.ts';
import { parseProxyHeader, writeProxyHeader, type ProxyAddresses } from '#proxies/net/proxy-protocol.ts';

const addresses = {
  sourceAddress: '192.168.1.5',
  sourcePort: 5,
  destinationAddress: '10.0.0.1',
  destinationPort: 65_535,
} satisfies ProxyAddresses;

/** Fed byte by byte, asking only when the parser said so. */
function feed(bytes: Buffer) {
  let need = 1;
  for (let length = 0; length <= bytes.length; length++) {
    if (length < need) continue;
    const parsed = parseProxyHeader(bytes.subarray(0, length));
    if (parsed.kind !== 'more') return parsed;
    assert.ok(parsed.need > length, `asks for ${parsed.need} with ${length}`);
    need = parsed.need;
  }
  return { kind: 'more', need } as const;
}

const v1 = (line: string) => parseProxyHeader(Buffer.from(line, 'latin1'));
const kind = (line: string) => v1(line).kind;

test('CRC-32C has its check value', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('addresses pack and format as RFC 5952 says', () => {
  for (const [text, written] of [
    ['::', '::'],
    ['::1', '::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['fe80::1%eth0', 'fe80::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ] as const) {
    assert.equal(formatIpv6(packAddress(text)), written);
  }
  assert.deepEqual([...packAddress('1.2.3.255')], [1, 2, 3, 255]);
  assert.throws(() => packAddress('1.2.3'));
});

test('version 1 as the specification words it', () => {
  assert.deepEqual(v1('PROXY TCP4 192.168.1.5 10.0.0.1 5 65535\r\nGET /'), {
    kind: 'done',
    value: { version: 1, addresses, tlvs: [] },
    length: 41,
  });
  assert.deepEqual(v1('PROXY UNKNOWN ffff:: whatever\r\n'), {
    kind: 'done',
    value: { version: 1, tlvs: [] },
    length: 31,
  });
  const longest = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
  assert.equal(longest.length, 107);
  assert.equal(kind(longest), 'done');
  assert.equal(kind(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), 'malformed');
  for (const bad of [
    'GET / HTTP/1.1\r\n',
    'PROXY\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
    'PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4 ::1 1 2\r\n',
    'PROXY TCP6 fe80::1%a ::1 1 2\r\n',
    'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n',
    'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY UNKNOWNX\r\n',
  ])
    assert.equal(kind(bad), 'malformed', bad);
});

test('version 2: LOCAL, TLV bounds, checksum', () => {
  const tlvs = [{ type: 2, value: Buffer.from('example.org') }];
  const whole = writeProxyHeader('v2', addresses, { tlvs, checksum: true });
  const parsed = parseProxyHeader(whole);
  assert.ok(parsed.kind === 'done');
  assert.deepEqual(parsed.value.addresses, addresses);
  assert.deepEqual(parsed.value.tlvs[0], tlvs[0]);

  const checksumType = whole.length - 7; // no longer a checksum then, but a TLV that nobody knows
  for (let at = 0; at < whole.length; at++) {
    if (at === checksumType) continue;
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 0x10;
    assert.equal(parseProxyHeader(flipped).kind === 'done', false, `a flipped bit at ${at} went unnoticed`);
  }
  const local = writeProxyHeader('v2', undefined);
  assert.deepEqual(parseProxyHeader(local), { kind: 'done', value: { version: 2, tlvs: [] }, length: 16 });
  // LOCAL with an address block: it is dropped.
  const withBlock = writeProxyHeader('v2', addresses);
  withBlock[12] = 0x20;
  assert.deepEqual(parseProxyHeader(withBlock), { kind: 'done', value: { version: 2, tlvs: [] }, length: 28 });

  const cut = writeProxyHeader('v2', addresses, { tlvs });
  cut.writeUInt16BE(100, 29);
  assert.equal(parseProxyHeader(cut).kind, 'malformed');
  const short = writeProxyHeader('v2', addresses);
  short.writeUInt16BE(11, 14);
  assert.equal(parseProxyHeader(short).kind, 'malformed');
  const huge = writeProxyHeader('v2', addresses);
  huge.writeUInt16BE(65_535, 14);
  assert.equal(parseProxyHeader(huge).kind, 'malformed');
});

const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 0, max: 65_535 });

test('what is written is read again, one byte at a time', () => {
  const canonical = (text: string, mapped: boolean) => {
    const plain = text.includes(':') ? formatIpv6(packAddress(text)) : text;
    return mapped && !plain.includes(':') ? formatIpv6(packAddress(`::ffff:${plain}`)) : plain;
  };
  fc.assert(
    fc.property(
      ip,
      ip,
      port,
      port,
      fc.constantFrom('v1' as const, 'v2' as const),
      fc.boolean(),
      fc.uint8Array({ maxLength: 20 }),
      (a, b, x, y, version, checksum, rest) => {
        const told = { sourceAddress: a, sourcePort: x, destinationAddress: b, destinationPort: y };
        const header = writeProxyHeader(version, told, { checksum });
        const parsed = feed(Buffer.concat([header, rest]));
        assert.ok(parsed.kind === 'done', JSON.stringify(parsed));
        assert.equal(parsed.length, header.length);
        const mapped = a.includes(':') !== b.includes(':');
        const read = parsed.value.addresses!;
        assert.deepEqual(
          [
            canonical(read.sourceAddress, mapped),
            canonical(read.destinationAddress, mapped),
            read.sourcePort,
            read.destinationPort,
          ],
          [canonical(a, mapped), canonical(b, mapped), x, y],
        );
      },
    ),
    { numRuns: 400, seed: 5 },
  );
});

test('garbage never throws, and means the same at every split', () => {
  const seeds = [writeProxyHeader('v1', addresses), writeProxyHeader('v2', addresses, { checksum: true })];
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(80),
      (seed, edits, length) => {
        const bytes = Buffer.from(seed.subarray(0, Math.max(1, length)));
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        const whole = parseProxyHeader(bytes);
        const split = feed(bytes);
        assert.equal(split.kind, whole.kind);
        if (whole.kind === 'done') assert.deepEqual(split, whole);
      },
    ),
    { numRuns: 3_000, seed: 6 },
  );
});
