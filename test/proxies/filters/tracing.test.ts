/** Traces are kept or begun, spans arrive at a collector, and no request waits for one. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTraceParent, parseTraceParent } from '#proxies/filters/trace-context.ts';
import type { Tracing } from '#proxies/filters/tracing-spans.ts';
import { answering, ok } from '../l7/lab.ts';
import { problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GIVEN = `00-${TRACE}-${SPAN}-01`;

const PARENTS: readonly [text: string, known: boolean][] = [
  [GIVEN, true],
  [`00-${TRACE}-${SPAN}-00`, true],
  [`cc-${TRACE}-${SPAN}-01-what.the.future.has`, true],
  [`00-${TRACE}-${SPAN}-01-more`, false],
  [`ff-${TRACE}-${SPAN}-01`, false],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, false],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, false],
  [GIVEN.toUpperCase(), false],
  [`${GIVEN} `, false],
  [`${GIVEN}, ${GIVEN}`, false],
  [GIVEN.slice(1), false],
  ['', false],
];
for (const [text, known] of PARENTS)
  test(`${JSON.stringify(text)} is ${known ? 'a parent' : 'none'}`, () => {
    assert.equal(parseTraceParent(text) !== undefined, known);
  });

test('what is written is read again', () => {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[1-9a-f][0-9a-f]{${length - 1}}$`));
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
      const parent = { traceId, spanId, sampled };
      assert.deepEqual(parseTraceParent(formatTraceParent(parent)), parent);
    }),
  );
});

interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

async function collector(status = 200) {
  const spans: ExportedSpan[] = [];
  let arrived = Promise.withResolvers<void>();
  const server = createServer((ask, answer) => {
    let text = '';
    ask.on('data', (piece) => (text += String(piece)));
    ask.on('end', () => {
      const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: ExportedSpan[] }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      answer.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
      arrived.resolve();
      arrived = Promise.withResolvers();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    until: async (count: number) => {
      while (spans.length < count) await arrived.promise;
      return spans;
    },
    spans,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function traced(lines: readonly string[], settings: Partial<Tracing>, answer = ok) {
  using to = await collector();
  let sent = '';
  {
    await using lab = await setupRegistered(answering(answer), {
      tracing: { url: to.url, interval: 1e6, ...settings },
    });
    await lab.exchange(request(lines, { target: '/a/../b?secret=1' }));
    sent = lab.origin.connections[0]!.text;
  }
  const parent = /^traceparent: (.*)\r$/im.exec(sent)?.[1];
  return { sent, parent: parseTraceParent(parent), text: parent, to };
}

test('a trace that is there goes on, with a span of ours', async () => {
  using to = await collector();
  let sent = '';
  {
    await using lab = await setupRegistered(answering(ok), { tracing: { url: to.url, interval: 1e6 } });
    await lab.exchange(request([`Traceparent: ${GIVEN}`, 'Tracestate: a=1'], { target: '/a/../b?secret=1' }));
    sent = lab.origin.connections[0]!.text;
  }
  const [span] = await to.until(1);
  assert.equal(span!.traceId, TRACE);
  assert.equal(span!.parentSpanId, SPAN);
  assert.match(sent, new RegExp(`^traceparent: 00-${TRACE}-${span!.spanId}-01\r$`, 'm'));
  assert.match(sent, /^Tracestate: a=1\r$/m);
  assert.deepEqual([span!.name, span!.kind], ['GET', 2]);
  const attributes = Object.fromEntries(span!.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'url.path': '/b',
    'server.address': 'a',
    'client.address': '127.0.0.1',
    'http.response.status_code': 200,
  });
});

test('one begins where there is none, or a broken one', async () => {
  for (const lines of [[], ['Traceparent: x', 'Tracestate: a=1'], [`Traceparent: ${GIVEN}`, `Traceparent: ${GIVEN}`]]) {
    const { parent, sent } = await traced(lines, {});
    assert.ok(parent?.sampled);
    assert.notEqual(parent.traceId, TRACE);
    assert.doesNotMatch(sent, /tracestate/i);
    assert.equal(sent.match(/^traceparent/gim)?.length, 1);
  }
});

test('who is not sampled costs no span', async () => {
  const begun = await traced([], { share: 0 });
  assert.equal(begun.parent?.sampled, false);
  const kept = await traced([`Traceparent: 00-${TRACE}-${SPAN}-00`], {});
  assert.equal(kept.text, `00-${TRACE}-${SPAN}-00`);
  assert.deepEqual([begun.to.spans, kept.to.spans], [[], []]);
});

test('of strangers nothing is kept where only peers are trusted', async () => {
  const { parent } = await traced([`Traceparent: ${GIVEN}`], { parents: 'trusted', share: 0 });
  assert.notEqual(parent?.traceId, TRACE);
  assert.equal(parent?.sampled, false);
});

test('a state that is too long goes no further', async () => {
  const { sent } = await traced([`Traceparent: ${GIVEN}`, `Tracestate: a=${'x'.repeat(600)}`], {});
  assert.doesNotMatch(sent, /tracestate/i);
});

test('a failed request is an error, a refused one is traced too', async () => {
  using to = await collector();
  {
    await using lab = await setupRegistered(answering('nonsense\r\n\r\n'), { tracing: { url: to.url } });
    await lab.exchange(request());
  }
  {
    await using lab = await setupRegistered(answering(ok), {
      tracing: { url: to.url },
      'ip-rules': { deny: ['127.0.0.1'] },
    });
    await lab.exchange(request());
  }
  const spans = await to.until(2);
  assert.deepEqual(
    spans.map(({ attributes, status }) => [
      attributes.find(({ key }) => key === 'http.response.status_code')?.value['intValue'],
      status.code,
    ]),
    [
      [502, 2],
      [403, 0],
    ],
  );
});

test('a collector that is not there costs no request, and is told of', async () => {
  await using lab = await setupRegistered(answering(ok), {
    tracing: { url: 'http://127.0.0.1:1/v1/traces', interval: 10 },
  });
  for (let i = 0; i < 3; i++) assert.equal(statusOf(await lab.exchange(request())), 200);
  while (!('trace_export_failed' in (await reasonsOf(lab)))) await new Promise((resolve) => setTimeout(resolve, 10));
});

test('settings that mean nothing are refused by their place', () => {
  assert.match(problemsOf({ tracing: { url: 'x' } })[0]!, /^filters\.tracing\.url: expected an http or https URL/);
  assert.match(problemsOf({ tracing: { url: 'http://a', share: 2 } })[0]!, /^filters\.tracing\.share: /);
});
