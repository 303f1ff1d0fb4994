/** PROXY protocol, versions 1 and 2 (haproxy.org, doc/proxy-protocol.txt): read at the listener, sent to the origin. */
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { bytes, relay } from '../setups.ts';
import { sendVariants } from './variants.ts';

const PREAMBLE = 'PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n';
/** What was read is told on, so that the origin shows it. */
const reading = bytes(
  'PROXY in, v1 out',
  (base) => ({
    ...base,
    listener: { ...base.listener, proxyProtocol: true },
    clusters: base.clusters.map((cluster) => ({ ...cluster, proxyProtocol: 'v1' as const })),
  }),
  { preamble: PREAMBLE },
);
const sending = (version: 'v1' | 'v2') =>
  bytes(`PROXY ${version} out`, (base) => ({
    ...base,
    clusters: base.clusters.map((cluster) => ({ ...cluster, proxyProtocol: version })),
  }));

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const u16 = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const ipv4 = '\x01\x02\x03\x04\x05\x06\x07\x08' + u16(1000) + u16(2000);
const v2 = (command: string, family: string, body: string): string =>
  SIGNATURE + command + family + u16(body.length) + body;
const tlv = (type: number, value: string): string => String.fromCharCode(type) + u16(value.length) + value;

/** CRC-32C (Castagnoli), bit by bit. */
function crc32c(text: string): string {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const sum = ~crc >>> 0;
  return String.fromCharCode(sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255);
}
const zeroed = v2('\x21', '\x11', ipv4 + tlv(3, '\0\0\0\0'));
const checked = zeroed.slice(0, -4) + crc32c(zeroed);
const flipped = checked.slice(0, -1) + String.fromCharCode(checked.charCodeAt(checked.length - 1) ^ 1);

/** Family, address and port of a version 1 line. */
const sourceOf = (text: string): string => {
  const [, family, address, , port] = text.split(/[ \r]/);
  return `${family} ${address} ${port}`;
};

type Rule = 'proxy-v1' | 'proxy-v2' | 'proxy-fragments' | 'proxy-required';
type Row = readonly [rule: Rule, name: string, header: string, told?: string | RegExp];

const OWN_ADDRESSES = /^PROXY (UNKNOWN|TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+)\r\n/;
const accepted: readonly Row[] = [
  ['proxy-v1', 'TCP4', 'PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n'],
  ['proxy-v1', 'TCP6', 'PROXY TCP6 2001:db8::1 2001:db8::2 65535 1\r\n'],
  ['proxy-v1', 'UNKNOWN', 'PROXY UNKNOWN\r\n', OWN_ADDRESSES],
  ['proxy-v1', 'UNKNOWN with 107 octets', `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`, OWN_ADDRESSES],
  ['proxy-v2', 'TCP4', v2('\x21', '\x11', ipv4), PREAMBLE],
  ['proxy-v2', 'TCP4 with TLVs', v2('\x21', '\x11', ipv4 + tlv(4, '') + tlv(0xe0, 'custom')), PREAMBLE],
  ['proxy-v2', 'CRC32c', checked, PREAMBLE],
  ['proxy-v2', 'LOCAL', v2('\x20', '\0', ''), OWN_ADDRESSES],
  ['proxy-v2', 'LOCAL with an address block', v2('\x20', '\x11', ipv4), OWN_ADDRESSES],
  ['proxy-fragments', 'v1', 'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n'],
  ['proxy-fragments', 'v2', v2('\x21', '\x11', ipv4), PREAMBLE],
];
const refusals: readonly Row[] = [
  ['proxy-v1', '108 octets', `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`],
  ['proxy-v1', 'no end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['proxy-v1', 'lower case', 'proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n'],
  ['proxy-v1', 'another family', 'PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n'],
  ['proxy-v1', 'an address of the other family', 'PROXY TCP4 ::1 5.6.7.8 1 2\r\n'],
  ['proxy-v1', 'an address out of range', 'PROXY TCP4 1.2.3.400 5.6.7.8 1 2\r\n'],
  ['proxy-v1', 'a port out of range', 'PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n'],
  ['proxy-v1', 'no port', 'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n'],
  ['proxy-v1', 'two spaces', 'PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n'],
  ['proxy-v2', 'another version', v2('\x31', '\x11', ipv4)],
  ['proxy-v2', 'an unknown command', v2('\x22', '\x11', ipv4)],
  ['proxy-v2', 'too short for its addresses', v2('\x21', '\x11', ipv4.slice(1))],
  ['proxy-v2', 'a TLV beyond the header', v2('\x21', '\x11', `${ipv4}\x04\0\x09x`)],
  ['proxy-v2', 'half a TLV', v2('\x21', '\x11', `${ipv4}\x04\0`)],
  ['proxy-v2', 'a wrong CRC32c', flipped],
  ['proxy-required', 'none came', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['proxy-required', 'a signature that goes wrong at its end', `${SIGNATURE.slice(0, -1)}X${' '.repeat(20)}`],
];

const NEEDS: ConformanceCase['needs'] = ['proxy-protocol-in', 'proxy-protocol-out'];

export const proxyProtocolCases: readonly ConformanceCase[] = [
  ...accepted.map(([rule, name, header, told = header]): ConformanceCase => ({
    rule,
    name,
    layer: 'l4',
    needs: NEEDS,
    setup: reading,
    async run(bench) {
      const sent = `${header}${bench.preamble.slice(PREAMBLE.length)}payload`;
      const cuts = rule === 'proxy-fragments' ? undefined : [0, header.length];
      const variants = await sendVariants(bench, sent, cuts);
      // Its own end is what a proxy may tell in place of the destination that it was told.
      const source = typeof told === 'string' ? sourceOf(told) : told;
      const from = (text: string): boolean =>
        typeof source === 'string' ? sourceOf(text) === source : source.test(text);
      for (const { wire } of variants) {
        const text = await bench.seen(wire, (received) => received.endsWith('payload'), 'an echo');
        if (!from(text)) throw new Violation(show(sent), `${told} told to the origin`, show(text));
      }
    },
  })),
  ...refusals.map(([rule, name, header]): ConformanceCase => ({
    rule,
    name,
    layer: 'l4',
    needs: NEEDS,
    setup: reading,
    async run(bench) {
      const sent = `${header}payload`;
      const variants = await sendVariants(bench, sent, [0, Math.min(7, header.length - 1), header.length - 1]);
      for (const { wire } of variants) await bench.ending(wire);
      await bench.fence();
      const reached = bench.origin.connections.find(({ raw }) => raw.includes('payload'));
      if (reached) throw new Violation(show(sent), 'a close', `${show(reached.raw)} at the origin`);
    },
  })),
  {
    rule: 'proxy-required',
    name: 'not expected: octets like any others',
    layer: 'l4',
    needs: ['proxy-protocol-in'],
    setup: relay,
    async run(bench) {
      const sent = `${bench.preamble}${PREAMBLE}payload`;
      const wire = await bench.open();
      wire.write(Buffer.from(sent, 'latin1'));
      await bench.seen(wire, (text) => text === sent, 'an echo of it all');
    },
  },
  ...(['v1', 'v2'] as const).map((version): ConformanceCase => ({
    rule: 'proxy-send',
    name: version,
    layer: 'l4',
    needs: ['proxy-protocol-out'],
    setup: sending(version),
    async run(bench) {
      const wire = await bench.open();
      const sent = `${bench.preamble}payload`;
      wire.write(Buffer.from(sent, 'latin1'));
      const text = await bench.seen(wire, (received) => received.endsWith('payload'), 'an echo');
      const { localPort = 0 } = wire.socket;
      const { port } = bench.target;
      const loop = '\x7f\0\0\x01';
      const start =
        version === 'v1' ? `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${port}\r\n` : `${SIGNATURE}\x21\x11`;
      const addresses = version === 'v1' ? '' : loop + loop + u16(localPort) + u16(port);
      if (
        !text.startsWith(start) ||
        text.slice(start.length + (version === 'v2' ? 2 : 0)).startsWith(addresses) === false
      )
        throw new Violation('payload', show(start + addresses), show(text));
    },
  })),
];
