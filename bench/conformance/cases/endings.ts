/**
 * How connections end and stall: what was accepted is delivered or the connection is reset, what was asked before a FIN is answered, an
 * answer ahead of its request is one all the same, and no head waits for its body.
 */
import type { Wire } from '#bench/lab/wire.ts';
import type { Bench } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { Flood } from './flood.ts';
import { through } from './l4.ts';
import { ok, type OriginConnection } from '../origin.ts';
import { bytes, plain, relay, withLimits, withTimeouts } from '../setups.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const get = (target: string, lines = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

type Row = Omit<ConformanceCase, 'layer' | 'setup'> & Partial<Pick<ConformanceCase, 'setup'>>;
const l7 = (row: Row): ConformanceCase => ({ layer: 'l7', setup: plain, ...row });

/** Of bodies: some fit into the kernels' buffers but for their end, one waits in the proxy and at the origin for the most part. */
const SIZES = [MIB, 3 * MIB, 5 * MIB, 24 * MIB];
/** Milliseconds for which a client reads nothing. */
const LATE = 600;

/** Counts what comes, from `resume` on. */
class LateReader {
  readonly wire: Wire;
  received = 0;

  constructor(wire: Wire) {
    this.wire = wire;
    wire.socket.removeAllListeners('data').on('data', (chunk: Buffer) => (this.received += chunk.length));
    wire.socket.pause();
  }
}

async function pass(millis: number, bench: Bench): Promise<void> {
  for (const since = performance.now(); performance.now() - since < millis;) await bench.fence();
}

/** Every reader in turn, from now on: all of it came, or where that is allowed a reset told that it did not. */
async function readLate(bench: Bench, readers: readonly LateReader[], mayReset: boolean): Promise<void> {
  await pass(LATE, bench);
  for (const { wire } of readers) wire.socket.resume();
  for (const [index, reader] of readers.entries()) {
    const size = SIZES[index]!;
    const ended = await bench.ending(reader.wire);
    if (reader.received < size && !(mayReset && ended === 'reset'))
      throw new Violation(
        `${size} bytes to a client that reads ${LATE} ms late`,
        mayReset ? 'all of them, or a reset' : 'all of them',
        `${reader.received} and ${ended}`,
      );
  }
}

const GIVE_UP = 'given up after a while: a reset, never FIN';
const GETS = 'a client that reads late gets all';

const unsent: readonly ConformanceCase[] = [
  ...[
    { name: GETS, setup: plain, mayReset: false },
    { name: GIVE_UP, setup: withTimeouts({ downstreamIdle: 150 }), mayReset: true },
  ].map(({ name, setup, mayReset }) =>
    l7({
      rule: 'unsent',
      name,
      setup,
      deadline: 20_000,
      async run(bench) {
        bench.origin.script = ({ target }) => ({ answer: ok('x'.repeat(Number(target.slice(1)))) });
        const readers: LateReader[] = [];
        for (const size of SIZES) {
          const reader = new LateReader(await bench.open());
          reader.wire.write(get(`/${size}`, 'Connection: close\r\n'));
          readers.push(reader);
        }
        await readLate(bench, readers, mayReset);
      },
    }),
  ),
  ...[
    { name: GETS, setup: relay, mayReset: false },
    { name: GIVE_UP, setup: bytes('idle', (base) => ({ ...base, timeouts: { tunnelIdle: 150 } })), mayReset: true },
  ].map(({ name, setup, mayReset }): ConformanceCase => ({
    layer: 'l4',
    rule: 'l4-unsent',
    name,
    setup,
    deadline: 20_000,
    async run(bench) {
      const ends: { wire: Wire; connection: OriginConnection }[] = [];
      for (const _ of SIZES) ends.push(await through(bench));
      const readers = ends.map(({ wire, connection }, index) => {
        const reader = new LateReader(wire);
        connection.write(Buffer.alloc(SIZES[index]!, 'x'));
        connection.end();
        return reader;
      });
      await readLate(bench, readers, mayReset);
    },
  })),
];

/** All that a client asked before its FIN. */
const halfClosed = (name: string, requests: readonly string[], quick = false): ConformanceCase =>
  l7({
    rule: 'half-closed-client',
    name,
    ...(quick && { quick }),
    async run(bench) {
      bench.origin.script = ({ target }) => ({ answer: ok(`<${target}>`) });
      const wire = await bench.open();
      wire.write(requests.join(''));
      wire.end();
      const { messages, problem, ended } = await bench.answers(
        wire,
        requests.map(() => 'GET'),
      );
      const got = messages.map(({ body }) => body).join('');
      const expected = requests.map((_, index) => `</${index}>`).join('');
      if (got !== expected)
        throw new Violation(`${requests.length} requests and FIN`, expected, problem ?? `${got} ${ended}`);
    },
  });

const cut = (name: string, lines: string, start: string): ConformanceCase =>
  l7({
    rule: 'cut-request',
    name,
    async run(bench) {
      const wire = await bench.open();
      wire.write(`POST /cut HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${start}`);
      wire.end();
      const { messages } = await bench.answers(wire, ['POST']);
      await bench.ending(wire);
      await bench.fence();
      const [answer] = messages;
      const whole = bench.origin.take().requests.some(({ target }) => target === '/cut');
      if (whole || (answer !== undefined && answer.status < 400))
        throw new Violation(
          'part of a body and FIN',
          'no whole request at the origin',
          whole ? 'one' : `an answer of ${answer!.status}`,
        );
      await bench.arrived(() =>
        bench.origin.connections.every(({ raw, closed, ended }) => !raw.includes('/cut') || closed || ended),
      );
    },
  });

/** Parts of an answer, the body after the client has seen the head. */
const headAtOnce = (name: string, lines: string, body: string, quick = false): ConformanceCase =>
  l7({
    rule: 'head-at-once',
    name,
    ...(quick && { quick }),
    async run(bench) {
      const answering = Promise.withResolvers<OriginConnection>();
      bench.origin.script = () => ({
        answer: ({ connection }) => {
          connection.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${lines}\r\n`);
          answering.resolve(connection);
        },
      });
      const wire = await bench.open();
      wire.write(get('/events'));
      await bench.seen(wire, (text) => text.includes('\r\n\r\n'), 'the head, ahead of the body');
      const connection = await answering.promise;
      connection.write(body);
      if (lines === '') connection.end();
      const { messages, problem } = await bench.answers(wire, ['GET']);
      if (messages[0]?.body !== 'data')
        throw new Violation(show(body), 'data', problem ?? show(messages[0]?.body ?? ''));
    },
  });

const HINT = Buffer.from(`HTTP/1.1 103 Early Hints\r\nLink: </${'x'.repeat(500)}>\r\n\r\n`.repeat(120));

export const endingCases: readonly ConformanceCase[] = [
  ...unsent,
  halfClosed('one request that says close', [get('/0', 'Connection: close\r\n')]),
  halfClosed(
    'a pipeline of five',
    ['/0', '/1', '/2', '/3', '/4'].map((target) => get(target)),
    true,
  ),
  halfClosed('a pipeline whose last says close', [get('/0'), get('/1', 'Connection: close\r\n')]),
  cut('by a length', 'Content-Length: 50000', 'hello'),
  cut('chunked', 'Transfer-Encoding: chunked', '5\r\nhello\r\n'),
  headAtOnce('a body of a length', 'Content-Length: 4\r\n', 'data'),
  headAtOnce('a chunked body', 'Transfer-Encoding: chunked\r\n', '4\r\ndata\r\n0\r\n\r\n', true),
  headAtOnce('a body that ends with the connection', '', 'data'),
  l7({
    rule: 'early-answer',
    name: 'a refusal and FIN amid the upload',
    quick: true,
    async run(bench) {
      const refusal = 'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig';
      bench.origin.script = () => ({ at: 'head', answer: refusal, ends: 'close' });
      const wire = await bench.open();
      wire.write(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${MIB}\r\n\r\n${'x'.repeat(MIB / 2)}`);
      const { messages, problem, ended } = await bench.answers(wire, ['POST']);
      if (messages[0]?.status !== 413)
        throw new Violation('half an upload', '413', problem ?? `${messages[0]?.status ?? 'no answer'}, ${ended}`);
    },
  }),
  l7({
    rule: 'early-answer',
    name: 'what is left of the body is no request',
    quick: true,
    async run(bench) {
      bench.origin.script = ({ method, target }) =>
        method === 'POST' ? { at: 'head', answer: ok('early') } : { answer: ok(`<${target}>`) };
      const rest = get('/smuggled');
      const wire = await bench.open();
      wire.write(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${rest.length + 1}\r\n\r\n-`);
      await bench.seen(wire, (text) => text.endsWith('early'), 'the early answer');
      wire.write(rest + get('/next'));
      const { messages } = await bench.answers(wire, ['POST', 'GET']);
      await bench.fence();
      const targets = bench.origin.take().requests.map(({ target }) => target);
      const second = messages[1]?.body ?? '</next>'; // or it was closed
      if (targets.includes('/smuggled') || second !== '</next>')
        throw new Violation('the rest of a body behind its answer', 'no request', `${targets.join()}; ${second}`);
    },
  }),
  l7({
    rule: 'stalled-reader',
    name: '1xx without end',
    deadline: 20_000,
    async run(bench) {
      const flooding = Promise.withResolvers<Flood>();
      bench.origin.script = () => ({
        answer: ({ connection }) => flooding.resolve(new Flood(connection.socket, GIB, HINT)),
      });
      const wire = await bench.open();
      wire.socket.pause();
      wire.write(get('/hints'));
      await (await flooding.promise).standstill(bench);
    },
  }),
  l7({
    rule: 'connection-limit',
    name: 'one',
    setup: withLimits({ connections: 1 }),
    async run(bench) {
      const first = await bench.open();
      first.write(get('/first'));
      await bench.answers(first, ['GET']);
      const second = bench.aside(bench.open());
      second.then(
        (wire) => wire.write(get('/second')),
        () => {},
      );
      first.write(get('/again'));
      const { messages } = await bench.answers(first, ['GET', 'GET']);
      if (messages.length !== 2) throw new Violation('a second connection', 'the first served on', 'an end of it');
      const early = bench.origin.connections.some(({ raw }) => raw.includes('/second'));
      if (early) throw new Violation('a connection above the limit of one', 'no request of it at the origin', 'one');
      await first[Symbol.asyncDispose]();
      await second.then((wire) => wire[Symbol.asyncDispose]()).catch(() => {});
      while (!(await isServed(bench))) bench.signal.throwIfAborted();
    },
  }),
];

/** A connection of its own; false where it is closed, as one above a limit is. */
async function isServed(bench: Bench): Promise<boolean> {
  const wire = await bench.open().catch(() => undefined);
  wire?.write(get('/third'));
  const served = wire !== undefined && (await bench.answers(wire, ['GET'])).messages[0]?.status === 200;
  await wire?.[Symbol.asyncDispose]();
  return served;
}
