import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { identityOf, unproven } from '#bench/lab/identity.ts';
import { withoutPorts } from '#bench/model/native-config.ts';
import { knownBody } from '#bench/lab/known-body.ts';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { openTopology, type TopologySpec } from '#bench/lab/topology.ts';
import { Traffic } from '#bench/model/scenario.ts';
import { bytes } from '#bench/model/units.ts';
import { proxies } from '#proxies/registry.ts';

const signal = AbortSignal.timeout(60_000);
const GOLDEN = join(import.meta.dirname, '../../proxies/peers/golden');

const traffic = (path: string, bodyBytes: number, tls: 'none' | 'full' = 'none'): Traffic =>
  Traffic.parse({
    kind: 'http',
    request: { method: 'GET', path, headers: [], bodyBytes: 0 },
    expect: { status: 200, bodyBytes },
    connection: 'keep-alive',
    tls,
  });

for (const file of readdirSync(GOLDEN))
  test(`ports are left out of ${file}, nothing else is`, () => {
    const config = readFileSync(join(GOLDEN, file), 'utf8');
    const elsewhere = config.replaceAll('8080', '41234').replaceAll('8081', '39999').replaceAll('9001', '60000');
    assert.equal(withoutPorts(elsewhere), withoutPorts(config));
    assert.notEqual(withoutPorts(config.replace(/timeout|proxy/i, 'other')), withoutPorts(config));
  });

test('a process, a version, a configuration: each change is another identity', () => {
  type Hop = Parameters<typeof identityOf>[0]['hops'][number];
  const of = (more: Partial<Hop> = {}, version = '1') =>
    identityOf({
      version,
      hops: [{ kind: 'hosted', nativeConfig: 'listen 127.0.0.1:80', pids: [process.pid], ...more }],
    });
  const one = of();
  assert.deepEqual(of({ nativeConfig: 'listen 127.0.0.1:81' }), one);
  assert.notEqual(of({ nativeConfig: 'listen 127.0.0.2:80' }).config, one.config);
  assert.notEqual(of({}, '2').binary, one.binary);
  assert.notEqual(of({ kind: 'peer' }).binary, one.binary);
  if (process.platform === 'linux') assert.notEqual(of({ pids: [] }).binary, one.binary);
  const own = (nativeConfig: string): string => of({ kind: 'own', nativeConfig }).config;
  assert.equal(own('serve --port 80'), own('serve --port 81'));
  assert.notEqual(own('serve --port 80'), own('serve --quick --port 80'));
});

test('only what passed its checks may be measured', () => {
  const identity = { binary: 'b', config: 'c' };
  assert.equal(unproven('p', identity, undefined), undefined);
  assert.equal(unproven('p', identity, { binary: 'b', configs: ['a', 'c'] }), undefined);
  const both = unproven('p', identity, { binary: 'x', configs: [] });
  assert.equal(both?.code, 'unproven');
  assert.match(both.message, /p is not what passed .*sources and its configuration changed/);
});

const shared = { placement: planPlacement(readCores()), certificate: createCertificate(), concurrency: 1 };
const open = (tls: 'none' | 'full', name: string, hops = 1) =>
  openTopology(
    {
      ...shared,
      scenario: { origin: 'http-fixed', traffic: traffic('/bytes/200', 200, tls) },
      definition: proxies.get(name)!,
      hops,
    } satisfies TopologySpec,
    signal,
  );

test('the same proxy started twice is the same; where TLS ends at it, it is not', async () => {
  await using first = await open('none', 'l7-http');
  await using second = await open('none', 'l7-http');
  assert.deepEqual(first.proxy?.identity, second.proxy?.identity);
  await using other = await open('full', 'l7-tls');
  assert.notEqual(other.proxy?.identity.config, first.proxy?.identity.config);
});

test('the origin is asked itself what it sends', async () => {
  await using topology = await open('none', 'l4-tcp');
  const { target } = topology.origin;
  const checksum = await knownBody(target, traffic('/bytes/200', 200), signal);
  assert.equal(checksum, await knownBody(topology.target, traffic('/bytes/200', 200), signal));
  assert.notEqual(checksum, await knownBody(target, traffic('/bytes/201', 201), signal));
  assert.equal(await knownBody(target, { kind: 'tcp-echo', messageBytes: bytes(8) }, signal), undefined);
  await assert.rejects(
    knownBody(target, traffic('/bytes/200', 9), signal),
    /answered GET \/bytes\/200 with 200 and 200/,
  );
});

test('nothing is left over once a client is gone', async () => {
  for (const [name, hops] of [
    ['l4-tcp', 1],
    ['l7-http', 1],
    ['l7-http', 2],
  ] as const) {
    await using topology = await open('none', name, hops);
    await knownBody(topology.target, traffic('/bytes/200', 200), signal);
    assert.equal(await topology.settled(1, signal), undefined);
  }
});
