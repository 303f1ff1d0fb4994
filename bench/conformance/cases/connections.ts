/** Connections over their whole life: pipelining, keep-alive, closing, aborts, backpressure, timers. */
import type { Wire } from '#bench/lab/wire.ts';
import type { Bench } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { Flood } from './flood.ts';
import { ok, type OriginConnection } from '../origin.ts';
import { plain, withLimits, withTimeouts } from '../setups.ts';
import { sendVariants } from './variants.ts';

const GIB = 1024 ** 3;
const get = (target: string, lines = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

type Row = Omit<ConformanceCase, 'layer' | 'setup'> & Partial<Pick<ConformanceCase, 'setup'>>;
const l7 = (row: Row): ConformanceCase => ({ layer: 'l7', setup: plain, ...row });

/** One request on a connection that stays, and the origin's connection that served it. */
async function exchange(bench: Bench, wire: Wire, target: string): Promise<{ served: OriginConnection; body: string }> {
  const seen = wire.received.length;
  const body = `body of ${target}`;
  const { script } = bench.origin;
  bench.origin.script = (arrival) => (arrival.target === target ? { answer: ok(body) } : script(arrival));
  wire.write(get(target));
  const text = await bench.seen(wire, (received) => received.includes(body, seen), `the answer to ${target}`);
  bench.origin.script = script;
  const served = bench.origin.connections.findLast(({ raw }) => raw.includes(` ${target} `));
  if (served === undefined) throw new Violation(target, 'an arrival at the origin', 'none');
  return { served, body: text.slice(seen) };
}

/** The client leaves in this way while its request is held; the origin's connection must go, too. */
const abort = (name: string, leave: (wire: Wire) => void, start: string): ConformanceCase =>
  l7({
    rule: 'client-abort',
    name,
    ...(name === 'reset' && { quick: true }),
    async run(bench) {
      const arrived = Promise.withResolvers<OriginConnection>();
      bench.origin.script = () => ({
        at: 'head',
        answer: ({ connection }) => {
          arrived.resolve(connection);
          if (start !== '') connection.write(start);
        },
      });
      const wire = await bench.open();
      wire.write(get('/held'));
      const connection = await arrived.promise;
      if (start !== '') await bench.seen(wire, (text) => text.includes('hel'), 'the start of the answer');
      leave(wire);
      await bench.arrived(() => connection.closed || connection.ended);
    },
  });

const HALF_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel';
const reset = (wire: Wire): void => void (isSecure(wire) ? wire.socket.destroy() : wire.socket.resetAndDestroy());
/** A TLS socket is not reset: its handle is not the connection's. */
const isSecure = (wire: Wire): boolean => 'encrypted' in wire.socket;

export const connectionCases: readonly ConformanceCase[] = [
  l7({
    rule: 'pipelining',
    name: 'five requests, one with a body',
    quick: true,
    async run(bench) {
      const targets = ['/1', '/2', '/3', '/4', '/5'];
      bench.origin.script = ({ target }) => ({ answer: ok(`<${target}>`) });
      const text = targets.map((target) => (target === '/3' ? post(target, 'hello') : get(target))).join('');
      const variants = await sendVariants(bench, text);
      for (const { wire } of variants) {
        const { messages, problem } = await bench.answers(wire, ['GET', 'GET', 'POST', 'GET', 'GET']);
        const got = messages.map(({ body }) => body).join('');
        const expected = targets.map((target) => `<${target}>`).join('');
        if (got !== expected) throw new Violation('five pipelined requests', expected, problem ?? got);
      }
    },
  }),
  l7({
    rule: 'pipelining',
    name: 'what follows a close is not served',
    async run(bench) {
      const wire = await bench.open();
      wire.write(get('/1', 'Connection: close\r\n') + get('/2'));
      const { messages } = await bench.answers(wire, ['GET', 'GET']);
      await bench.fence();
      const targets = bench.origin
        .take()
        .requests.map(({ target }) => target)
        .join();
      if (messages.length !== 1 || targets !== '/1')
        throw new Violation('a request after Connection: close', '/1', targets);
    },
  }),
  l7({
    rule: 'keep-alive-count',
    name: 'two',
    setup: withLimits({ requestsPerConnection: 2 }),
    async run(bench) {
      const wire = await bench.open();
      wire.write(get('/1') + get('/2') + get('/3'));
      const { messages } = await bench.answers(wire, ['GET', 'GET', 'GET']);
      const ended = await bench.ending(wire);
      const last = messages.at(-1)?.fields.some(([name, value]) => /^connection$/i.test(name) && /close/i.test(value));
      if (messages.length !== 2 || ended !== 'fin' || !last)
        throw new Violation(
          'three requests',
          'two answers, the last with Connection: close',
          `${messages.length}, ${ended}`,
        );
    },
  }),
  l7({
    rule: 'keep-alive-age',
    name: '1 ms',
    setup: withTimeouts({ connectionAge: 1 }),
    async run(bench) {
      const wire = await bench.open();
      await bench.fence(); // it is accepted
      for (const since = performance.now(); performance.now() - since < 3;) await bench.fence();
      wire.write(get('/1') + get('/2'));
      const { messages } = await bench.answers(wire, ['GET', 'GET']);
      const ended = await bench.ending(wire);
      if (messages.length !== 1 || ended !== 'fin')
        throw new Violation(
          'a request on an old connection',
          'one answer and a close',
          `${messages.length} and ${ended}`,
        );
    },
  }),
  l7({
    rule: 'http10-close',
    name: 'by default',
    async run(bench) {
      const wire = await bench.open();
      wire.write('GET /1 HTTP/1.0\r\nHost: a\r\n\r\n');
      const { messages } = await bench.answers(wire, ['GET']);
      const ended = await bench.ending(wire);
      if (messages[0]?.status !== 200 || ended !== 'fin') throw new Violation('HTTP/1.0', '200 and a close', ended);
    },
  }),
  l7({
    rule: 'http10-close',
    name: 'a kept one is announced',
    async run(bench) {
      const wire = await bench.open();
      const request = 'GET /1 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n';
      wire.write(request);
      const { messages } = await bench.answers(wire, ['GET']);
      const option = messages[0]?.fields.find(([name]) => /^connection$/i.test(name))?.[1] ?? '';
      if (!/keep-alive/i.test(option)) {
        await bench.ending(wire);
        return;
      }
      wire.write(request);
      const second = await bench.answers(wire, ['GET', 'GET']);
      if (second.messages.length !== 2)
        throw new Violation('a kept HTTP/1.0 connection', 'a second answer', second.ended);
    },
  }),
  l7({
    rule: 'lingering',
    name: '413 amid 4 MiB',
    setup: withLimits({ bodyBytes: 10 }),
    async run(bench) {
      const wire = await bench.open();
      wire.write(post('/1', 'x'.repeat(4 * 1024 * 1024)));
      const { messages, ended } = await bench.answers(wire, ['POST']);
      if (messages[0]?.status !== 413)
        throw new Violation('4 MiB', '413', `${messages[0]?.status ?? 'no answer'}, ${ended}`);
    },
  }),
  abort('FIN and gone, before the answer', (wire) => wire.socket.destroy(), ''),
  abort('reset', reset, ''),
  abort('reset, amid the answer', reset, HALF_ANSWER),
  l7({
    rule: 'client-abort',
    name: 'amid the body',
    async run(bench) {
      const wire = await bench.open();
      wire.write('POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhello');
      await bench.arrived(() => bench.origin.connections.some(({ raw }) => raw.includes('hello')));
      const connection = bench.origin.connections.find(({ raw }) => raw.includes('hello'))!;
      reset(wire);
      await bench.arrived(() => connection.closed || connection.ended);
    },
  }),
  ...(['after a while', 'right behind an answer'] as const).map((name) =>
    l7({
      rule: 'idle-upstream-bytes',
      name,
      ...(name === 'after a while' && { quick: true }),
      async run(bench) {
        const wire = await bench.open();
        const stray = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray';
        let connection: OriginConnection;
        if (name === 'after a while') {
          ({ served: connection } = await exchange(bench, wire, '/first'));
          connection.write(stray);
        } else {
          bench.origin.script = () => ({ answer: ok() + stray });
          wire.write(get('/first'));
          await bench.seen(wire, (text) => text.endsWith('ok'), 'the answer');
          connection = bench.origin.connections.findLast(({ raw }) => raw.includes('/first'))!;
        }
        await bench.arrived(() => connection.closed || connection.ended);
        const { body, served } = await exchange(bench, wire, '/second');
        if (body.includes('stray') || served === connection)
          throw new Violation('stray octets on an idle upstream connection', 'another connection', show(body));
      },
    }),
  ),
  l7({
    rule: 'idle-upstream-bytes',
    name: 'a body after HEAD',
    async run(bench) {
      bench.origin.script = ({ target }) => ({ answer: target === '/head' ? ok('stray') : ok('good!') });
      const wire = await bench.open();
      wire.write('HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n');
      await bench.answers(wire, ['HEAD']);
      await bench.fence();
      wire.write(get('/second'));
      const { messages, problem } = await bench.answers(wire, ['HEAD', 'GET']);
      const got = messages.at(-1)?.body ?? problem ?? 'none';
      if (got !== 'good!') throw new Violation('a request after a HEAD answered with a body', 'good!', show(got));
    },
  }),
  ...([`Content-Length: ${GIB}`, 'Transfer-Encoding: chunked'] as const).map((framing) =>
    l7({
      rule: 'stalled-reader',
      name: `1 GiB, ${framing.split(':')[0]}`,
      deadline: 20_000,
      async run(bench) {
        const flooding = Promise.withResolvers<{ flood: Flood; connection: OriginConnection }>();
        bench.origin.script = () => ({
          answer: ({ connection }) => {
            const size = framing.startsWith('T') ? `${GIB.toString(16)}\r\n` : '';
            connection.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${size}`);
            flooding.resolve({ flood: new Flood(connection.socket, GIB), connection });
          },
        });
        const wire = await bench.open();
        wire.socket.pause();
        wire.write(get('/1'));
        const { flood, connection } = await flooding.promise;
        await flood.standstill(bench);
        reset(wire);
        await bench.arrived(() => connection.closed || connection.ended);
      },
    }),
  ),
  l7({
    rule: 'stalled-origin',
    name: '1 GiB',
    deadline: 20_000,
    async run(bench) {
      const stalling = Promise.withResolvers<OriginConnection>();
      bench.origin.script = () => ({
        at: 'head',
        answer: ({ connection }) => {
          connection.socket.pause();
          stalling.resolve(connection);
        },
      });
      const wire = await bench.open();
      wire.write(`POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${GIB}\r\n\r\n`);
      const stalled = await stalling.promise;
      const flood = new Flood(wire.socket, GIB);
      await flood.standstill(bench);
      reset(wire);
      stalled.socket.resume();
      await bench.arrived(() => stalled.closed || stalled.ended || stalled.failure !== undefined);
    },
  }),
  l7({
    rule: 'timer-body',
    name: 'half a body',
    setup: withTimeouts({ requestBody: 150 }),
    async run(bench) {
      const wire = await bench.open();
      wire.write('POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe');
      const { messages } = await bench.answers(wire, ['POST']);
      await bench.ending(wire);
      const [answer] = messages;
      if (answer !== undefined && ![400, 408, 502, 504].includes(answer.status))
        throw new Violation('half a body', '408 or a close', String(answer.status));
      await bench.arrived(() =>
        bench.origin.connections.every(({ raw, closed, ended }) => !raw.includes('/1') || closed || ended),
      );
    },
  }),
  l7({
    rule: 'timer-idle',
    name: 'after an answer',
    setup: withTimeouts({ downstreamIdle: 150 }),
    async run(bench) {
      const wire = await bench.open();
      await exchange(bench, wire, '/1');
      if ((await bench.ending(wire)) !== 'fin') throw new Violation('nothing', 'FIN', 'a reset');
    },
  }),
  l7({
    rule: 'timer-idle',
    name: 'a connection that says nothing',
    setup: withTimeouts({ requestHead: 150, downstreamIdle: 150 }),
    async run(bench) {
      await bench.ending(await bench.open());
    },
  }),
  l7({
    rule: 'timer-upstream-idle',
    name: 'after an answer',
    setup: withTimeouts({ upstreamIdle: 150 }),
    async run(bench) {
      const { served } = await exchange(bench, await bench.open(), '/1');
      await bench.arrived(() => served.closed || served.ended);
    },
  }),
];
