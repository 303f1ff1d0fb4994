/** What any relay of octets must get right: both directions end for themselves, resets stay resets, memory stays bounded. */
import { randomBytes } from 'node:crypto';
import type { ProxyIntent, Timeouts } from '#proxies/config/intent.ts';
import type { Wire } from '#bench/lab/wire.ts';
import type { Bench } from '../bench.ts';
import { openBlackHole } from './black-hole.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { Flood } from './flood.ts';
import type { OriginConnection } from '../origin.ts';
import { bytes, relay } from '../setups.ts';
import { sendVariants } from './variants.ts';

const GIB = 1024 ** 3;
type Row = Omit<ConformanceCase, 'layer' | 'setup'> & Partial<Pick<ConformanceCase, 'setup'>>;
const l4 = (row: Row): ConformanceCase => ({ layer: 'l4', setup: relay, ...row });

const timed = (timeouts: Partial<Timeouts>) =>
  bytes(`timeouts ${JSON.stringify(timeouts)}`, (base) => ({ ...base, timeouts }));
const NOBODY = { host: '127.0.0.1', port: 1 };
const endpoints =
  (change: (all: ProxyIntent['clusters'][0]['endpoints']) => ProxyIntent['clusters'][0]['endpoints']) =>
  (base: ProxyIntent): ProxyIntent => ({
    ...base,
    clusters: base.clusters.map((cluster) => ({ ...cluster, endpoints: change(cluster.endpoints) })),
  });

/** A connection through to the origin, known by an octet that came back. */
export async function through(bench: Bench): Promise<{ wire: Wire; connection: OriginConnection }> {
  const wire = await bench.open();
  const mark = randomBytes(8).toString('hex');
  wire.write(Buffer.from(bench.preamble + mark, 'latin1'));
  await bench.seen(wire, (text) => text === bench.preamble + mark, 'an echo');
  const connection = bench.origins.flatMap(({ connections }) => connections).find(({ raw }) => raw.includes(mark))!;
  return { wire, connection };
}

/** Once new connections are refused, or closed at once. */
async function refusing(bench: Bench): Promise<void> {
  for (;;) {
    bench.signal.throwIfAborted();
    const late = await bench.open().catch(() => undefined);
    if (late === undefined || late.ended) return;
  }
}

const gone = ({ closed, ended }: OriginConnection): boolean => closed || ended;

export const l4Cases: readonly ConformanceCase[] = [
  l4({
    rule: 'half-close',
    name: 'the client ends first: what comes after still flows',
    quick: true,
    async run(bench) {
      bench.origin.onBytes = () => {};
      bench.origin.onEnd = (connection) => {
        connection.write(connection.raw.repeat(2));
        connection.end();
      };
      const sent = `${bench.preamble}octets\0\xff\r\n`;
      const variants = await sendVariants(bench, sent);
      for (const { wire } of variants) wire.end();
      for (const { wire } of variants) {
        const ended = await bench.ending(wire);
        const got = wire.received.toString('latin1');
        if (got !== sent.repeat(2) || ended !== 'fin')
          throw new Violation('octets and FIN', 'all of it twice and FIN', `${show(got)} and ${ended}`);
      }
    },
  }),
  l4({
    rule: 'half-close',
    name: 'the origin ends first: what the client sends still flows',
    async run(bench) {
      const { wire, connection } = await through(bench);
      connection.end();
      await bench.ending(wire);
      wire.write('after');
      await bench.arrived(() => connection.raw.endsWith('after'));
      wire.end();
      await bench.arrived(() => connection.ended || connection.closed);
    },
  }),
  l4({
    rule: 'half-close',
    name: '8 MiB each way, octet for octet',
    async run(bench) {
      const sent = Buffer.concat([Buffer.from(bench.preamble, 'latin1'), randomBytes(8 * 1024 * 1024)]);
      bench.origin.keeps = false;
      const wire = await bench.open();
      const chunks: Buffer[] = [];
      wire.socket.removeAllListeners('data').on('data', (chunk: Buffer) => chunks.push(chunk));
      wire.write(sent);
      wire.end();
      await bench.ending(wire);
      if (!Buffer.concat(chunks).equals(sent)) throw new Violation('8 MiB', 'the same back', 'something else');
    },
  }),
  l4({
    rule: 'reset-passed',
    name: 'from the client',
    quick: true,
    async run(bench) {
      const { wire, connection } = await through(bench);
      wire.socket.resetAndDestroy();
      await bench.arrived(() => connection.closed || connection.ended);
      if (connection.failure?.code !== 'ECONNRESET')
        throw new Violation('RST from the client', 'RST at the origin', connection.failure?.code ?? 'FIN');
    },
  }),
  l4({
    rule: 'reset-passed',
    name: 'from the origin',
    async run(bench) {
      const { wire, connection } = await through(bench);
      connection.reset();
      const ended = await bench.ending(wire);
      if (ended !== 'reset') throw new Violation('RST from the origin', 'RST at the client', ended);
    },
  }),
  l4({
    rule: 'l4-idle-timeout',
    name: 'no octet either way',
    setup: timed({ tunnelIdle: 150 }),
    async run(bench) {
      const { wire, connection } = await through(bench);
      await bench.ending(wire);
      await bench.arrived(() => gone(connection));
    },
  }),
  l4({
    rule: 'l4-half-closed-timeout',
    name: 'the origin keeps its side open',
    setup: timed({ halfClosed: 150 }),
    async run(bench) {
      const { wire, connection } = await through(bench);
      bench.origin.onEnd = () => {};
      wire.end();
      await bench.ending(wire);
      await bench.arrived(() => connection.closed || connection.ended);
    },
  }),
  l4({
    rule: 'l4-buffering',
    name: 'a client that does not read 1 GiB',
    deadline: 20_000,
    async run(bench) {
      const { wire, connection } = await through(bench);
      wire.socket.pause();
      await new Flood(connection.socket, GIB).standstill(bench);
    },
  }),
  l4({
    rule: 'l4-buffering',
    name: 'an origin that does not read 1 GiB',
    deadline: 20_000,
    async run(bench) {
      const { wire, connection } = await through(bench);
      connection.socket.pause();
      await new Flood(wire.socket, GIB).standstill(bench);
    },
  }),
  l4({
    rule: 'l4-connect-timeout',
    name: 'then another endpoint',
    setup: bytes('connect timeout', (base) => ({ ...base, timeouts: { connect: 150 } })),
    async run(bench) {
      await using hole = await openBlackHole(bench.signal);
      const { intent } = bench.options;
      const reload = bench.requireReload();
      await reload(endpoints((all) => [hole.address, ...all])(intent));
      await through(bench);
      await through(bench);
      await reload(intent);
    },
  }),
  l4({
    rule: 'l4-retry',
    name: 'refused by one of two',
    setup: bytes(
      'one of two endpoints refuses',
      endpoints((all) => [NOBODY, ...all]),
    ),
    async run(bench) {
      for (let time = 0; time < 4; time++) await through(bench);
    },
  }),
  l4({
    rule: 'l4-retry',
    name: 'refused by all',
    setup: bytes(
      'one of two endpoints refuses',
      endpoints((all) => all),
    ),
    async run(bench) {
      const { intent } = bench.options;
      const reload = bench.requireReload();
      await reload(endpoints(() => [NOBODY, { ...NOBODY, host: '127.0.0.2' }])(intent));
      const wire = await bench.open();
      wire.write(Buffer.from(bench.preamble, 'latin1'));
      await bench.ending(wire);
      await reload(intent);
    },
  }),
  l4({
    rule: 'l4-one-endpoint',
    name: 'of three, in turn',
    setup: bytes('three endpoints', (base) => base, { origins: 3 }),
    async run(bench) {
      const all: OriginConnection[] = [];
      for (let time = 0; time < 6; time++) {
        const { wire, connection } = await through(bench);
        for (let more = 0; more < 5; more++) wire.write(`more ${more};`);
        await bench.arrived(
          () => connection.raw.endsWith('more 4;'),
          bench.origins.find((one) => one.connections.includes(connection))!,
        );
        all.push(connection);
      }
      const counts = bench.origins.map(({ connections }) => connections.filter((each) => all.includes(each)).length);
      if (counts.join() !== '2,2,2') throw new Violation('six connections', '2,2,2 of them', counts.join());
    },
  }),
  l4({
    rule: 'l4-source-rules',
    name: 'a denied source',
    setup: bytes('denied source', (base) => ({ ...base, l4: { denySources: ['10.0.0.0/8', '127.0.0.0/8'] } })),
    async run(bench) {
      const wire = await bench.open().catch(() => undefined); // reset before we knew that it was open
      wire?.write(Buffer.from(`${bench.preamble}denied`, 'latin1'));
      if (wire) await bench.ending(wire);
      if (bench.origin.bytes > 0 || (wire?.received.length ?? 0) > 0)
        throw new Violation('octets from a denied source', 'a close', 'octets at the origin');
    },
  }),
  l4({
    rule: 'l4-source-rules',
    name: 'an allowed source, an allowed port',
    setup: bytes('allowed source', (base) => ({
      ...base,
      l4: { allowSources: ['127.0.0.1'], allowPorts: base.clusters[0]!.endpoints.map(({ port }) => port) },
    })),
    async run(bench) {
      await through(bench);
    },
  }),
  l4({
    rule: 'l4-drain',
    name: 'in flight finished, new refused',
    setup: bytes('drain', (base) => ({ ...base, timeouts: { drain: 4_000 } })),
    async run(bench) {
      const { wire, connection } = await through(bench);
      const drained = bench.aside(bench.requireDrain()());
      await refusing(bench);
      wire.write('still');
      await bench.arrived(() => connection.raw.endsWith('still'));
      wire.end();
      await bench.ending(wire);
      await drained;
    },
  }),
  l4({
    rule: 'l4-drain',
    name: 'the deadline is enforced',
    setup: bytes('short drain', (base) => ({ ...base, timeouts: { drain: 150 } })),
    async run(bench) {
      const { wire } = await through(bench);
      const drained = bench.aside(bench.requireDrain()());
      await bench.ending(wire);
      await drained;
    },
  }),
];
