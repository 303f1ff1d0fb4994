import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { ask } from '#bench/lab/http-client.ts';
import { askHttp2 } from '#bench/lab/http2-client.ts';
import { identify, isRunning } from '#proxies/platform/processes.ts';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { openTopology, type TopologySpec } from '#bench/lab/topology.ts';
import { Traffic, usesHttp2 } from '#bench/model/scenario.ts';
import { bytes } from '#bench/model/units.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';

const shared = { placement: planPlacement(readCores()), certificate: createCertificate(), concurrency: 1 };
const signal = AbortSignal.timeout(60_000);
const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };

const http = (tls: 'none' | 'full' = 'none'): TopologySpec['scenario'] => ({
  origin: 'http-fixed',
  traffic: Traffic.parse({
    kind: 'http',
    request: { method: 'GET', path: '/bytes/200', headers: [], bodyBytes: 0 },
    expect: { status: 200, bodyBytes: 200 },
    connection: 'keep-alive',
    tls,
  }),
});
const http2 = (upstream: 'http1' | 'http2', tls?: 'full'): TopologySpec['scenario'] => {
  const { traffic } = http(tls);
  assert.ok(traffic.kind === 'http');
  return { origin: 'http-fixed', upstream, traffic: { ...traffic, http2: { streams: 8 } } };
};
const echo: TopologySpec['scenario'] = { origin: 'tcp-echo', traffic: { kind: 'tcp-echo', messageBytes: bytes(64) } };
const bulk: TopologySpec['scenario'] = {
  origin: 'tcp-sink',
  traffic: { kind: 'tcp-bulk', transferBytes: bytes(1024) },
};
const direct = {};
const through = (name: string) => ({ definition: proxies.get(name)! });
const chain = (name: string, hops: number) => ({ ...through(name), hops });
const terminator = [...proxies.values()].find(
  (proxy) => proxy.layer === 'l7' && proxy.capabilities.has('tls-termination'),
);

for (const [what, scenario, subject] of [
  ['direct, HTTP', http(), direct],
  ['direct, HTTPS: the origin speaks it', http('full'), direct],
  ['direct, echo', echo, direct],
  ['direct, sink', bulk, direct],
  ['L4, HTTP', http(), through('l4-tcp')],
  ['L4, HTTPS passed through to the origin', http('full'), through('l4-tcp')],
  ['L4, echo', echo, through('l4-tcp')],
  ['L4, sink', bulk, through('l4-tcp')],
  ['L7, HTTP', http(), through('node-http')],
  ['three L4 hops, HTTP', http(), chain('l4-tcp', 3)],
  ['three L4 hops, HTTPS passed through to the origin', http('full'), chain('l4-tcp', 3)],
  ['two L7 hops, HTTP', http(), chain('l7-http', 2)],
  ['two L7 hops, each ending HTTPS and speaking it onward', http('full'), chain('l7-tls-reencrypt', 2)],
  ['direct, HTTP/2', http2('http2'), direct],
  ['L4, HTTP/2 by TLS passed through to the origin', http2('http2', 'full'), through('l4-tcp')],
  ['two L7 hops, HTTP/2', http2('http2'), chain('l7-http', 2)],
  ['two L7 hops, HTTP/2 to the first alone', http2('http1'), chain('l7-http', 2)],
  ['two L7 hops, HTTP/2 by TLS on every side', http2('http2', 'full'), chain('l7-tls-reencrypt', 2)],
  ...(terminator ? [['L7, HTTPS terminated at the proxy', http('full'), through(terminator.name)] as const] : []),
] as const)
  test(what, async () => {
    const topology = await openTopology({ ...shared, scenario, ...subject }, signal);
    const identities = [...topology.origin.pids, ...(topology.proxy?.pids ?? [])].map(identify);
    try {
      const hops = 'hops' in subject ? subject.hops : 'definition' in subject ? 1 : 0;
      const distinct = new Set(identities.map(({ pid }) => pid));
      assert.ok(distinct.size >= 1 + hops, 'origin and hops, each in processes of its own');
      assert.ok(!identities.some(({ pid }) => pid === process.pid));
      assert.equal(topology.verify(), undefined);
      if (scenario.origin === 'http-fixed') {
        const target = { ...topology.target, ...(topology.tls && { tls: topology.tls }) };
        const before = await topology.origin.counters();
        const asking = usesHttp2(scenario.traffic) ? askHttp2 : ask;
        const { status, body } = await asking(target, { path: '/bytes/200' }, signal);
        assert.deepEqual([status, body.length], [200, 200]);
        assert.equal((await topology.origin.counters()).requests - before.requests, 1);
      }
      assert.ok((await topology.origin.eventLoop()).idle > 0);
      if (topology.proxy) {
        assert.notEqual(topology.proxy.nativeConfig, '');
        const told = topology.proxy.nativeConfig.match(/^hop \d of \d$/gm) ?? [];
        assert.equal(told.length, hops > 1 ? hops : 0);
        assert.notEqual(topology.proxy.version, '');
      }
    } finally {
      await topology[Symbol.asyncDispose]();
    }
    assert.ok(!identities.some(isRunning), 'nothing is left');
  });

test('a proxy or an origin that dies is told at the end of the trial', onLinux, async () => {
  for (const [party, code] of [
    ['proxy', 'proxy-died'],
    ['origin', 'origin-died'],
  ] as const) {
    await using topology = await openTopology({ ...shared, scenario: http(), ...through('l4-tcp') }, signal);
    const victim = identify(topology[party]!.pids[0]!);
    process.kill(victim.pid, 'SIGKILL');
    while (isRunning(victim)) await new Promise(setImmediate);
    assert.equal(topology.verify()?.code, code);
  }
});

test(
  'a chain leads through every one of its hops: whichever dies is told, and nothing gets past it',
  onLinux,
  async () => {
    for (const victim of [0, 1, 2]) {
      await using topology = await openTopology({ ...shared, scenario: http(), ...chain('l7-http', 3) }, signal);
      const hop = identify(topology.proxy!.pids[victim]!);
      process.kill(hop.pid, 'SIGKILL');
      while (isRunning(hop)) await new Promise(setImmediate);
      const told = topology.verify();
      assert.equal(told?.code, 'proxy-died');
      assert.match(told.message, new RegExp(`hop ${victim + 1} of 3`));
      const answer = await ask(topology.target, { path: '/bytes/200' }, signal).then(
        ({ status }) => status,
        () => 'none',
      );
      assert.notEqual(answer, 200);
    }
  },
);

test('a proxy that is not of the registry is started here, and watched like any other', async () => {
  const l4 = proxies.get('l4-tcp')!;
  const where: unknown[] = [];
  const unregistered: ProxyDefinition = {
    ...l4,
    name: 'of-my-own',
    placed: (place) => {
      where.push(place);
      return unregistered;
    },
  };
  await using topology = await openTopology(
    { ...shared, scenario: http(), definition: unregistered, cwd: '/' },
    signal,
  );
  assert.deepEqual(topology.proxy?.pids, [process.pid]);
  assert.deepEqual(where, [{ cores: shared.placement.proxy, cwd: '/' }]);
  assert.equal(topology.verify(), undefined);
});

test('the proxy alone is hosted by another package where a root is named', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'hopcost-root-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'proxies'));
  const failed = { kind: 'failed', error: { message: 'said by the other package' } };
  writeFileSync(
    join(root, 'proxies/host.ts'),
    `process.once('message', () => process.send(${JSON.stringify(failed)}, () => process.exit(1)));`,
  );
  await assert.rejects(
    openTopology({ ...shared, scenario: http(), ...through('l4-tcp'), root }, signal),
    /proxy l4-tcp could not start: said by the other package/,
  );
});

test('what cannot be opened says why, and leaves nothing', async () => {
  const open = (spec: Partial<TopologySpec>) => openTopology({ ...shared, scenario: http(), ...spec }, signal);
  await assert.rejects(
    open({ scenario: { ...http(), origin: 'no-such-origin' } }),
    /no origin is called no-such-origin/,
  );
  await assert.rejects(
    openTopology({ ...shared, scenario: http() }, AbortSignal.abort(new Error('interrupted'))),
    /interrupted/,
  );
});
