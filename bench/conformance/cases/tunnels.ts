/** Upgrades and CONNECT: RFC 9110 §7.8 and §9.3.6. */
import type { Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import type { Wire } from '#bench/lab/wire.ts';
import type { Bench } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { type Setup, bytes, plain, withTimeouts } from '../setups.ts';
import { show, Violation } from '../violation.ts';
import { ok, type OriginConnection } from '../origin.ts';
import { ANY_REFUSAL, checkRequest, forwarded, refused } from './tables.ts';
import { sendVariants } from './variants.ts';

const UPGRADE = 'GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

type Row = Omit<ConformanceCase, 'layer' | 'setup' | 'needs'> & Partial<Pick<ConformanceCase, 'setup' | 'needs'>>;
const l7 = (row: Row): ConformanceCase => ({ layer: 'l7', setup: plain, needs: ['upgrade'], ...row });

/** Asks for a tunnel; the origin holds the answer back until it is told to give it. */
async function ask(bench: Bench, early = ''): Promise<{ wire: Wire; connection: OriginConnection }> {
  const arrived = Promise.withResolvers<OriginConnection>();
  bench.origin.script = ({ target, connection }) =>
    target === '/tunnel' ? { at: 'head', answer: () => arrived.resolve(connection) } : { answer: ok() };
  const wire = await bench.open();
  wire.write(UPGRADE + early);
  return { wire, connection: await arrived.promise };
}

async function openTunnel(bench: Bench): Promise<{ wire: Wire; connection: OriginConnection }> {
  const tunnel = await ask(bench);
  tunnel.connection.tunnel();
  tunnel.connection.write(SWITCHING);
  await bench.seen(tunnel.wire, (text) => /^HTTP\/1\.1 101[^]*\r\n\r\n$/.test(text), 'a 101');
  return tunnel;
}

const connect = ({ host, port }: Endpoint): string =>
  `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;
const forward = bytes('forward', (base): ProxyIntent => ({ ...base, forward: { allow: ['127.0.0.0/8'] } }));
const forwardHttp: Setup = { ...forward, name: 'forward HTTP', speaks: 'http' };
const blocking: Setup = {
  ...forwardHttp,
  name: 'forward, blocked',
  intent: (base): ProxyIntent => ({
    ...base,
    forward: { allow: ['127.0.0.0/8'], block: ['blocked.example', '127.0.0.2'] },
  }),
};
const ENABLED: Row['needs'] = ['connect'];

export const tunnelCases: readonly ConformanceCase[] = [
  l7({
    rule: 'tunnel-101',
    name: 'octets both ways, then half-close both ways',
    async run(bench) {
      const { wire, connection } = await openTunnel(bench);
      const start = wire.received.length;
      wire.write('GET not HTTP\r\n\r\n\0');
      await bench.arrived(() => connection.raw.endsWith('GET not HTTP\r\n\r\n\0'));
      connection.write('\0\r\nback');
      await bench.seen(wire, (text) => text.slice(start) === '\0\r\nback', 'octets back');
      bench.origin.onEnd = () => {};
      wire.end();
      await bench.arrived(() => connection.ended || connection.closed);
      if (bench.secure) return; // TLS has no half-close that clients keep
      connection.write('last');
      connection.end();
      await bench.ending(wire);
      if (!wire.received.toString().endsWith('last'))
        throw new Violation('FIN', 'last', show(wire.received.toString()));
    },
  }),
  l7({
    rule: 'tunnel-101',
    name: 'another answer is an answer',
    async run(bench) {
      bench.origin.script = ({ target }) => ({ answer: ok(`<${target}>`) });
      const wire = await bench.open();
      wire.write(UPGRADE);
      await bench.answers(wire, ['GET']);
      wire.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
      const { messages, problem } = await bench.answers(wire, ['GET', 'GET']);
      const bodies = messages.map(({ body }) => body).join();
      if (bodies !== '</tunnel>,</next>')
        throw new Violation('200 to an upgrade', '</tunnel>,</next>', problem ?? bodies);
    },
  }),
  l7({
    rule: 'tunnel-early-bytes',
    name: 'sent with the head',
    async run(bench) {
      const { connection, wire } = await ask(bench, 'early');
      await bench.fence();
      if (connection.raw.includes('early')) throw new Violation('octets before the 101', 'none at the origin', 'early');
      connection.tunnel();
      connection.write(SWITCHING);
      await bench.arrived(() => connection.raw.endsWith('early'));
      connection.write('back');
      await bench.seen(wire, (text) => text.endsWith('back'), 'octets back');
    },
  }),
  l7({
    rule: 'tunnel-early-bytes',
    name: 'refused: a request like any other',
    async run(bench) {
      const { connection, wire } = await ask(bench, 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
      connection.write(ok('refused'));
      const { messages, problem } = await bench.answers(wire, ['GET', 'GET']);
      const statuses = messages.map(({ status }) => status).join();
      if (statuses !== '200,200') throw new Violation('a request behind an upgrade', '200,200', problem ?? statuses);
    },
  }),
  l7({
    rule: 'tunnel-not-pooled',
    name: 'after its end',
    async run(bench) {
      const { wire, connection } = await openTunnel(bench);
      await wire[Symbol.asyncDispose]();
      await bench.arrived(() => connection.ended || connection.closed);
      const before = connection.raw.length;
      const next = await bench.open();
      next.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
      const { messages } = await bench.answers(next, ['GET']);
      if (messages[0]?.status !== 200 || connection.raw.length !== before)
        throw new Violation('a request after a tunnel', '200 by another connection', String(messages[0]?.status));
    },
  }),
  l7({
    rule: 'timer-tunnel',
    name: 'no octet',
    setup: withTimeouts({ tunnelIdle: 150 }),
    async run(bench) {
      const { wire, connection } = await openTunnel(bench);
      await bench.ending(wire);
      await bench.arrived(() => connection.ended || connection.closed);
    },
  }),
  ...(
    [
      ['with a length', 'echo', 'Content-Length: 5', 'hello'],
      ['chunked', 'tcp', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['to TLS, with a length', 'TLS/1.2', 'Content-Length: 5', 'hello'],
      ['to h2c, with a length', 'h2c', 'Content-Length: 5', 'hello'],
    ] as const
  ).map(([name, protocol, framing, body]) =>
    forwarded({
      rule: 'upgrade-body',
      name,
      send: `POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${framing}\r\n\r\n${body}`,
      origin: { body: 'hello', fields: { upgrade: null } },
    }),
  ),
  forwarded({
    rule: 'upgrade-body',
    name: 'to TLS',
    send: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n',
    origin: { fields: { upgrade: null } },
  }),
  refused({
    rule: 'connect-disabled',
    name: 'to the origin',
    send: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
    status: ANY_REFUSAL,
    quick: true,
  }),
  l7({
    rule: 'connect-2xx',
    name: 'octets both ways',
    quick: true,
    setup: forward,
    needs: ENABLED,
    async run(bench) {
      const wire = await bench.open();
      wire.write(connect(bench.origin.address));
      const head = await bench.seen(wire, (text) => text.includes('\r\n\r\n'), 'an answer to CONNECT');
      if (!/^HTTP\/1\.1 2\d\d /.test(head)) throw new Violation('CONNECT', '2xx', show(head));
      wire.write('octets');
      await bench.seen(wire, (text) => text.endsWith('octets'), 'octets back');
    },
  }),
  l7({
    rule: 'absolute-form',
    name: 'through a forward proxy',
    setup: forwardHttp,
    needs: ENABLED,
    async run(bench) {
      const { host, port } = bench.origin.address;
      const send = `GET http://${host}:${port}/a HTTP/1.1\r\nHost: b\r\n\r\n`;
      for (const { wire } of await sendVariants(bench, send)) await bench.answers(wire, ['GET']);
      for (const request of bench.origin.take().requests)
        checkRequest(show(send), request, { target: '/a', fields: { host: `${host}:${port}` } });
    },
  }),
  refused({
    rule: 'absolute-form',
    name: 'origin-form to a forward proxy',
    setup: forwardHttp,
    needs: ['connect'],
    send: 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  }),
  ...[
    'GET http://blocked.example/ HTTP/1.1',
    'CONNECT blocked.example:443 HTTP/1.1',
    'CONNECT 127.0.0.2:80 HTTP/1.1',
  ].map((line) =>
    refused({
      rule: 'connect-2xx',
      name: `blocked: ${line.slice(0, -9)}`,
      setup: blocking,
      needs: ['connect'],
      send: `${line}\r\nHost: blocked.example\r\n\r\n`,
      status: 403,
    }),
  ),
  l7({
    rule: 'connect-2xx',
    name: 'nobody listens',
    setup: forward,
    needs: ENABLED,
    async run(bench) {
      const wire = await bench.open();
      wire.write(`${connect({ host: '127.0.0.1', port: 1 })}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
      const { messages } = await bench.answers(wire, ['CONNECT']);
      const [answer] = messages;
      if (answer === undefined || answer.status < 500)
        throw new Violation('CONNECT to nobody', '502', String(answer?.status));
    },
  }),
];
