/** TLS passed through, routed by what the ClientHello asks for. */
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { everyOne } from '../changes.ts';
import { clientHello, type HelloOptions } from '../client-hello.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { bytes } from '../setups.ts';
import { sendVariants } from './variants.ts';

/** The first origin by default, the second for names, the third for a protocol. */
const routes = (base: ProxyIntent, byDefault: boolean): ProxyIntent => {
  const [first, second, third] = base.clusters[0]!.endpoints;
  return {
    listener: base.listener,
    ...(byDefault && { defaultCluster: 'first' }),
    clusters: [
      { name: 'first', endpoints: [first!] },
      { name: 'second', endpoints: [second!] },
      { name: 'third', endpoints: [third!] },
    ],
    sniRoutes: [
      { serverNames: ['exact.example', '*.wild.example'], cluster: 'second' },
      { alpn: ['proto'], cluster: 'third' },
    ],
  };
};
const routed = bytes('SNI routes', (base) => routes(base, true), { origins: 3, preamble: clientHello({}) });
const closed = bytes('SNI routes without default', (base) => routes(base, false), {
  origins: 3,
  preamble: clientHello({ serverName: 'exact.example' }),
});

interface Row {
  readonly rule: 'sni-route' | 'sni-absent';
  readonly name: string;
  readonly hello: HelloOptions;
  readonly origin: 0 | 1 | 2;
}

const rows: readonly Row[] = [
  { rule: 'sni-route', name: 'exact', hello: { serverName: 'exact.example' }, origin: 1 },
  { rule: 'sni-route', name: 'exact, in another case', hello: { serverName: 'EXACT.example' }, origin: 1 },
  { rule: 'sni-route', name: 'wildcard', hello: { serverName: 'a.wild.example' }, origin: 1 },
  { rule: 'sni-route', name: 'not the wildcard’s own suffix', hello: { serverName: 'wild.example' }, origin: 0 },
  { rule: 'sni-route', name: 'ALPN', hello: { alpn: ['other', 'proto'] }, origin: 2 },
  {
    rule: 'sni-route',
    name: 'across records of 7 octets',
    hello: { serverName: 'exact.example', recordSize: 7 },
    origin: 1,
  },
  {
    rule: 'sni-route',
    name: 'across records of 1 octet',
    hello: { serverName: 'exact.example', recordSize: 1 },
    origin: 1,
  },
  { rule: 'sni-route', name: 'two packets long', hello: { serverName: 'exact.example', padding: 3_000 }, origin: 1 },
  { rule: 'sni-absent', name: 'the default', hello: {}, origin: 0 },
  { rule: 'sni-absent', name: 'another name: the default', hello: { serverName: 'other.example' }, origin: 0 },
];

const refusals = [
  ['plain HTTP', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['another content type', '\x17\x03\x01\0\x05hello'],
  ['another handshake message', '\x16\x03\x01\0\x04\x02\0\0\0'],
  [
    'a server name beyond its extension',
    '\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03' + 'r'.repeat(32) + '\0\0\x02\x13\x01\x01\0\0\x02\0\0\xff\xff',
  ],
  ['2^24 octets announced', '\x16\x03\x01\x40\0\x01\xff\xff\xff' + 'x'.repeat(20_000)],
  ['an oversized one', clientHello({ serverName: 'exact.example', padding: 65_000, recordSize: 16_000 })],
] as const;

const NEEDS: ConformanceCase['needs'] = ['sni-routing'];

export const sniCases: readonly ConformanceCase[] = [
  ...rows.map(({ rule, name, hello, origin }): ConformanceCase => ({
    rule,
    name,
    layer: 'l4',
    needs: NEEDS,
    setup: routed,
    ...(name === 'exact' && { quick: true }),
    async run(bench) {
      const sent = `${clientHello(hello)}payload`;
      const variants = await sendVariants(bench, sent);
      await everyOne(variants.map(({ wire }) => bench.seen(wire, (text) => text === sent, 'an echo of it all')));
      for (const [index, { connections }] of bench.origins.entries()) {
        const count = connections.filter(({ raw }) => raw === sent).length;
        const wanted = index === origin ? variants.length : 0;
        if (count !== wanted) throw new Violation(show(sent), `${wanted} at origin ${index}`, String(count));
      }
    },
  })),
  {
    rule: 'sni-absent',
    name: 'without default: an alert, then a close',
    layer: 'l4',
    needs: NEEDS,
    setup: closed,
    async run(bench) {
      const wire = await bench.open();
      wire.write(Buffer.from(clientHello({}), 'latin1'));
      await bench.ending(wire);
      const got = wire.received.toString('latin1');
      if (got !== '\x15\x03\x03\0\x02\x02\x70' && got !== '')
        throw new Violation('no server name', 'unrecognized_name', show(got));
    },
  },
  ...refusals.map(([name, sent]): ConformanceCase => ({
    rule: 'sni-oversized',
    name,
    layer: 'l4',
    needs: NEEDS,
    setup: routed,
    async run(bench) {
      const variants = await sendVariants(bench, sent);
      for (const { wire } of variants) await bench.ending(wire);
      const reached = bench.origins
        .flatMap(({ connections }) => connections)
        .some(({ raw }) => sent.startsWith(raw) && raw !== '');
      if (reached) throw new Violation(show(sent), 'a close, nothing at an origin', 'octets at an origin');
    },
  })),
];
