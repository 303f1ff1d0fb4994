/** What must hold under change and failure, at a size for every day. Full size is what soak runs are for. */
import type { ProxyIntent, Route } from '#proxies/config/intent.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import type { Wire } from '#bench/lab/wire.ts';
import { everyOne } from '../changes.ts';
import type { Bench } from '../bench.ts';
import type { ConformanceCase } from '../contract.ts';
import { show, Violation } from '../violation.ts';
import { ok } from '../origin.ts';
import { http, plain, withTimeouts } from '../setups.ts';

const get = (target: string, method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\n${method === 'POST' ? 'Content-Length: 2\r\n\r\nhi' : '\r\n'}`;

type Row = Omit<ConformanceCase, 'layer' | 'setup'> & Partial<Pick<ConformanceCase, 'setup'>>;
const l7 = (row: Row): ConformanceCase => ({ layer: 'l7', setup: plain, deadline: 20_000, ...row });

/** One request on a wire that is kept; its status, 0 where none came. */
async function ask(bench: Bench, wire: Wire, sent: number, request: string): Promise<number> {
  if (wire.ended) return 0;
  wire.write(request);
  const methods = Array<string>(sent + 1).fill('GET');
  const { messages } = await bench.answers(wire, methods);
  return messages[sent]?.complete ? messages[sent].status : 0;
}

/** Requests on kept and on new connections side by side, until `done`; how many failed. */
async function traffic(bench: Bench, done: () => boolean): Promise<{ requests: number; failed: number }> {
  let requests = 0;
  let failed = 0;
  const kept = async (): Promise<void> => {
    let wire = await bench.open();
    for (let sent = 0; !done(); sent++) {
      requests++;
      if ((await ask(bench, wire, sent, get('/kept'))) !== 200) failed++;
      if (sent < 20) continue;
      await wire[Symbol.asyncDispose]();
      wire = await bench.open();
      sent = -1;
    }
  };
  const fresh = async (): Promise<void> => {
    while (!done()) {
      requests++;
      const wire = await bench.open();
      if ((await ask(bench, wire, 0, get('/fresh'))) !== 200) failed++;
      await wire[Symbol.asyncDispose]();
    }
  };
  await Promise.all([kept(), kept(), kept(), fresh(), fresh()]);
  return { requests, failed };
}

const edit = (name: string, value: string): Route => ({
  match: {},
  action: { kind: 'forward', clusters: [{ name: 'origin' }] },
  requestHeaders: [{ op: 'set', name, value }],
});

/** Intents that must be refused, with what must be wrong with them. */
const invalid: readonly (readonly [
  'invalid-config' | 'configured-token',
  string,
  (base: ProxyIntent) => ProxyIntent,
])[] = [
  ['invalid-config', 'an unknown cluster', (base) => ({ ...base, defaultCluster: 'nobody' })],
  [
    'invalid-config',
    'a route to an unknown cluster',
    (base) => ({
      ...base,
      routes: [{ match: {}, action: { kind: 'forward', clusters: [{ name: 'nobody' }] } }],
    }),
  ],
  [
    'invalid-config',
    'another listener',
    (base) => ({ ...base, listener: { ...base.listener, address: { host: '127.0.0.1', port: 1 } } }),
  ],
  ['configured-token', 'CRLF in a field value', (base) => ({ ...base, routes: [edit('X', 'a\r\nY: b')] })],
  ['configured-token', 'a space in a field name', (base) => ({ ...base, routes: [edit('X Y', 'a')] })],
  ['configured-token', 'a framing field', (base) => ({ ...base, routes: [edit('Transfer-Encoding', 'chunked')] })],
  ['configured-token', 'CRLF in the Via pseudonym', (base) => ({ ...base, forwarding: { via: 'a\r\nX: b' } })],
  [
    'configured-token',
    'CRLF in a host rewrite',
    (base) => ({
      ...base,
      routes: [{ match: {}, action: { kind: 'forward', clusters: [{ name: 'origin' }], hostRewrite: 'a\r\nX: b' } }],
    }),
  ],
  [
    'configured-token',
    'a space in a prefix rewrite',
    (base) => ({
      ...base,
      routes: [{ match: {}, action: { kind: 'forward', clusters: [{ name: 'origin' }], prefixRewrite: '/a b' } }],
    }),
  ],
  [
    'configured-token',
    'CRLF in the type of a local reply',
    (base) => ({
      ...base,
      routes: [{ match: {}, action: { kind: 'reply', status: 200, contentType: 'text/plain\r\nX: b' } }],
    }),
  ],
];

export const reliabilityCases: readonly ConformanceCase[] = [
  l7({
    rule: 'hot-reload',
    name: '20 reloads under requests',
    setup: http('reloaded', (base) => base),
    async run(bench) {
      const reload = bench.requireReload();
      const { intent } = bench.options;
      let done = false;
      const running = bench.aside(traffic(bench, () => done));
      for (let time = 0; time < 20; time++) {
        await reload({ ...intent, forwarding: { via: `hop${time}` } });
        await bench.fence();
      }
      await reload(intent);
      done = true;
      const { requests, failed } = await running;
      if (failed > 0) throw new Violation('20 reloads', '0 failed', `${failed} of ${requests}`);
    },
  }),
  ...invalid.map(([rule, name, change]) =>
    l7({
      rule,
      name,
      async run(bench) {
        const reload = bench.requireReload();
        const { intent } = bench.options;
        const told = await reload(change(intent)).then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (told === undefined) await reload(intent);
        if (told === undefined || told === '') throw new Violation(name, 'a refusal with its reason', 'a reload');
        await bench.fence();
      },
    }),
  ),
  l7({
    rule: 'origin-killed',
    name: 'one of three, GET and POST',
    setup: http('three origins', (base) => base, { origins: 3 }),
    async run(bench) {
      const executed = new Map<string, number>();
      for (const origin of bench.origins)
        origin.script = ({ target }) => {
          executed.set(target, (executed.get(target) ?? 0) + 1);
          return { answer: ok() };
        };
      const wires = await Promise.all(Array.from({ length: 6 }, () => bench.open()));
      const statuses: number[] = [];
      for (let round = 0; round < 20; round++) {
        if (round === 7) await bench.origins[2]![Symbol.asyncDispose]();
        await Promise.all(
          wires.map(async (wire, index) => {
            const method = index % 2 === 0 ? 'GET' : 'POST';
            const status = await ask(bench, wire, round, get(`/${method}/${round}/${index}`, method));
            if (method === 'GET') statuses.push(status);
          }),
        );
      }
      const failed = statuses.filter((status) => status !== 200);
      const twice = [...executed].filter(([target, count]) => target.startsWith('/POST') && count > 1);
      if (failed.length + twice.length > 0)
        throw new Violation('requests', 'every GET answered, no POST twice', `${failed.join()} and ${twice.join()}`);
    },
  }),
  l7({
    rule: 'origin-dies',
    name: 'amid 60 answers, anywhere',
    async run(bench) {
      const random = mulberry32(bench.options.seed);
      const body = 'x'.repeat(2_000);
      bench.origin.script = ({ target }) => {
        const whole = target.startsWith('/chunked')
          ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${body}\r\n0\r\n\r\n`
          : ok(body);
        return {
          answer: whole.slice(0, 60 + Math.floor(random() * (whole.length - 61))),
          ends: random() < 0.5 ? 'close' : 'reset',
        };
      };
      await everyOne(
        Array.from({ length: 60 }, async (_, index) => {
          const wire = await bench.open();
          wire.write(get(index % 2 === 0 ? '/chunked' : '/length'));
          const { messages } = await bench.answers(wire, ['GET']);
          const answer = messages.at(-1);
          if (answer?.complete && answer.status === 200)
            throw new Violation('half an answer', 'no whole one', show(answer.body));
        }),
      );
    },
  }),
  l7({
    rule: 'slow-clients',
    name: '100 of them',
    setup: withTimeouts({ requestHead: 400 }),
    async run(bench) {
      const slow = await Promise.all(Array.from({ length: 100 }, () => bench.open()));
      const started = performance.now();
      for (const wire of slow) wire.write('GET / HTTP/1.1\r\nHo');
      let reaped = false;
      const others = bench.aside(traffic(bench, () => reaped));
      await Promise.all(slow.map((wire) => bench.ending(wire)));
      reaped = true;
      const elapsed = performance.now() - started;
      const { requests, failed } = await others;
      if (failed > 0) throw new Violation('slow clients', '0 others failed', `${failed} of ${requests}`);
      if (elapsed > 400 + 4_000)
        throw new Violation('slow clients', 'all reaped soon after 400 ms', `${Math.round(elapsed)} ms`);
    },
  }),
  l7({
    rule: 'aborts',
    name: '200, anywhere',
    async run(bench) {
      const random = mulberry32(bench.options.seed);
      bench.origin.script = ({ target }) =>
        target === '/held'
          ? { at: 'head', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' }
          : { answer: ok() };
      const text = `POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n${'x'.repeat(50)}`;
      await Promise.all(
        Array.from({ length: 200 }, async () => {
          const wire = await bench.open();
          wire.write(text.slice(0, 1 + Math.floor(random() * text.length)));
          if (random() < 0.5) await bench.fence();
          await wire[Symbol.asyncDispose]();
        }),
      );
      await bench.arrived(() =>
        bench.origin.connections.every(({ raw, closed, ended }) => !raw.includes('/held') || closed || ended),
      );
    },
  }),
  l7({
    rule: 'drain',
    name: 'in flight finished, new refused, closed',
    setup: http('drained', (base) => base),
    async run(bench) {
      const drain = bench.requireDrain();
      const held = Promise.withResolvers<() => void>();
      bench.origin.script = () => ({
        answer: ({ connection }) => held.resolve(() => connection.write(ok('finished'))),
      });
      const wire = await bench.open();
      wire.write(get('/held'));
      const finish = await held.promise;
      const drained = bench.aside(drain());
      for (let late: Wire | undefined = wire; late !== undefined && (late === wire || !late.ended);) {
        bench.signal.throwIfAborted();
        late = await bench.open().catch(() => undefined);
      }
      finish();
      const { messages } = await bench.answers(wire, ['GET']);
      const ended = await bench.ending(wire);
      await drained;
      if (messages[0]?.body !== 'finished' || ended !== 'fin')
        throw new Violation('a request in flight', 'its answer and FIN', `${messages[0]?.body} and ${ended}`);
    },
  }),
  l7({
    rule: 'fuzz',
    name: '400 mutated requests: none hangs, none passes for another',
    async run(bench) {
      const random = mulberry32(bench.options.seed);
      const pick = (length: number): number => Math.floor(random() * length);
      const seeds = [
        get('/a?b=c'),
        get('/a', 'POST'),
        'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n',
        'GET http://a:80/ HTTP/1.1\r\nHost: a:80\r\nConnection: X, TE\r\nTE: trailers\r\nX: 1\r\n\r\n',
      ];
      const octets = '\r\n\0 :;,\t\x7f\xff_.0aA/%#?@"\\-+';
      bench.origin.script = () => ({
        at: 'head',
        answer: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
        ends: 'close',
      });
      for (let round = 0; round < 8; round++) {
        await Promise.all(
          Array.from({ length: 50 }, async () => {
            let text = seeds[pick(seeds.length)]!;
            for (let times = 1 + pick(3); times > 0; times--) {
              const at = pick(text.length);
              text = text.slice(0, at) + octets[pick(octets.length)]! + text.slice(at + pick(2));
            }
            const wire = await bench.open();
            wire.write(Buffer.from(text, 'latin1'));
            wire.end();
            await bench.ending(wire);
          }),
        );
        const { problems } = bench.origin.take();
        if (problems.length > 0)
          throw new Violation('mutated requests', 'unambiguous ones at the origin', problems[0]!);
      }
      await bench.fence();
    },
  }),
];
