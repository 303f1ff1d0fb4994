import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { proveRules } from '#bench/conformance/preflight.ts';
import { RULES } from '#bench/conformance/rules.ts';
import type { PreflightBench } from '#bench/lab/preflight/case.ts';
import { httpCases } from '#bench/lab/preflight/http.ts';
import { http2Cases } from '#bench/lab/preflight/http2.ts';
import { tcpCases } from '#bench/lab/preflight/tcp.ts';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { preflightSubject } from '#bench/lab/preflight.ts';
import { openTopology } from '#bench/lab/topology.ts';
import { SubjectRecord } from '#bench/model/record.ts';
import { proxies } from '#proxies/registry.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const shared = { placement: planPlacement(readCores()), certificate: createCertificate(), prove: proveRules };
const signal = AbortSignal.timeout(100_000);
const scenario = (name: string) => SCENARIOS.find((candidate) => candidate.name === name)!;
const through = (name: string) => (name === 'direct' ? {} : { definition: proxies.get(name)! });
const plain = [scenario('http-small')];

for (const [name, scenarios] of [
  ['direct', [scenario('http-small'), scenario('tls-keepalive'), scenario('tcp-echo')]],
  ['l4-tcp', [scenario('http-small'), scenario('tcp-echo')]],
  ['l7-http', plain],
  ['node-http', [...plain, scenario('h2-8x8'), scenario('grpc-unary')]],
  ['direct', [scenario('h2-8x8'), scenario('h2-tls-8x8')]],
  ['l4-tcp', [scenario('h2-8x8')]],
  ['l7-http', [scenario('h2-8x8'), scenario('h2-to-h1-8x8')]],
  ['l7-tls', [scenario('h2-tls-8x8')]],
] as const)
  test(`${name} passes every case of ${scenarios.map((one) => one.name).join(', ')}`, async () => {
    const record = await preflightSubject({ ...shared, ...through(name), scenarios }, signal);
    SubjectRecord.parse(record);
    const failed = record.preflight.filter(({ passed }) => !passed);
    assert.deepEqual(failed, []);
    assert.ok(record.preflight.length >= 10);
    assert.equal(record.layer, name === 'direct' ? 'direct' : name.startsWith('l4') ? 'l4' : 'l7');
    assert.equal(record.nativeConfig !== '', name !== 'direct');
    const asked = (text: string) => record.preflight.some(({ rule }) => rule.startsWith(text));
    assert.equal(asked(RULES['te-with-length'].text), record.layer === 'l7', 'an L4 hop is not asked to know HTTP');
    assert.equal(asked(RULES['half-close'].text), record.layer === 'l4');
  });

test('of a chain the way through all hops is checked; what each hop must keep is its own subject’s', async () => {
  const record = await preflightSubject({ ...shared, ...through('l7-http'), hops: 2, scenarios: plain }, signal);
  SubjectRecord.parse(record);
  assert.deepEqual(record.subject, { kind: 'proxy', name: 'l7-http', hops: 2 });
  assert.deepEqual(
    record.preflight.filter(({ passed }) => !passed),
    [],
  );
  assert.match(record.preflight[0]!.rule, /^all 2 hops start and lead to the origin/);
  assert.ok(record.preflight.length > 5, 'the cases of what will be sent');
  assert.ok(!record.preflight.some(({ rule }) => rule.startsWith(RULES['te-with-length'].text)));
});

test('nothing that the scenarios send is for this subject: nothing is checked', async () => {
  const record = await preflightSubject(
    { ...shared, ...through('l7-http'), scenarios: [scenario('tcp-echo')] },
    signal,
  );
  assert.deepEqual(record.preflight, []);
});

test('an abort is no failed check', async () => {
  const spec = { ...shared, scenarios: plain };
  await assert.rejects(preflightSubject(spec, AbortSignal.abort(new Error('interrupted'))), /interrupted/);
});

test('an origin that is spoken to in another version than configured is told', async () => {
  const { upstream: _, ...asked } = scenario('h2-8x8');
  const isHttp2 = proxies.get('l7-http')!;
  // Configured as the scenario says, it speaks HTTP/1.1 to its origin; the case is told HTTP/2.
  await using topology = await openTopology(
    { ...shared, definition: isHttp2, scenario: { ...asked, origin: 'http-echo' }, concurrency: 1 },
    signal,
  );
  const bench = { target: topology.target, origin: topology.origin, upstream: 'http2' as const };
  await assert.rejects(run(http2Cases, 'in the version of HTTP', bench), /expected HTTP\/2, the origin got HTTP\/1\.1/);
  assert.equal(await run(http2Cases, 'in the version of HTTP', { ...bench, upstream: 'http1' }), 'HTTP/1.1');
});

test('each configuration that was proven is in the record, under what it is for', async () => {
  const scenarios = [scenario('http-small'), scenario('h2-8x8'), scenario('h2-to-h1-8x8'), scenario('h2-32x1')];
  const prove = () => Promise.resolve([]);
  const record = await preflightSubject({ ...shared, prove, ...through('l7-http'), scenarios }, signal);
  const heads = record.nativeConfig.match(/^# for .*$/gm);
  assert.deepEqual(heads, ['# for HTTP/1.1 in the clear', '# for HTTP/2 on both sides', '# for HTTP/2 to clients']);
  assert.equal(record.proven!.configs.length, 3);
});

test('who speaks HTTP/1.1 alone is no way for HTTP/2', async () => {
  await using topology = await openTopology({ ...shared, scenario: scenario('http-small'), concurrency: 1 }, signal);
  const bench = { target: topology.target, origin: topology.origin, upstream: 'http2' as const };
  await assert.rejects(run(http2Cases, 'requests at once', bench), /Protocol error|ended with code|closed/i);
});

/** A subject that misbehaves as `onSocket` says, in front of nothing. */
async function planted(t: TestContext, onSocket: (socket: Socket) => void): Promise<PreflightBench> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const target = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const origin = {
    target,
    pids: [],
    counters: async () => ({ connections: 0, requests: 0 }),
    eventLoop: async () => ({ active: 0, idle: 0 }),
  };
  return { target, origin, upstream: 'http1' as const };
}

const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const run = (cases: typeof httpCases, rule: string, bench: PreflightBench) =>
  cases.find((candidate) => candidate.rule.includes(rule))!.run(bench, AbortSignal.timeout(5_000));

test('planted faults are caught, each by its case', async (t) => {
  const closing = await planted(t, (socket) => socket.once('data', () => socket.end(answer('0123456789'))));
  await assert.rejects(run(httpCases, 'keep-alive', closing), /new connection|socket hang up|ECONNRESET|expected/);
  await assert.rejects(run(httpCases, 'body of 1 bytes', closing), /expected 1 bytes, got 10/);
  await assert.rejects(run(httpCases, 'Connection: close', closing), /expected 3000 bytes/);
  const reversing = await planted(t, (socket) =>
    socket.on('data', (chunk) => {
      const paths = [...chunk.toString().matchAll(/GET (\S+)/g)].map(([, path]) => path!);
      for (const path of paths.toReversed()) socket.write(answer(`GET ${path}\n`));
    }),
  );
  await assert.rejects(run(httpCases, 'pipelined', reversing), /answers stand at/);
  const flipping = await planted(t, (socket) =>
    socket.on('data', (chunk) => socket.write(Buffer.from(chunk).reverse())),
  );
  await assert.rejects(run(tcpCases, 'byte for byte', flipping), /message 1 came back/);
  const deaf = await planted(t, (socket) => socket.on('data', () => {}).on('end', () => socket.end()));
  await assert.rejects(run(tcpCases, 'half-close', deaf), /got 0 bytes/);
  await assert.rejects(run(tcpCases, 'bulk', deaf), /expected the origin to count/);
});
