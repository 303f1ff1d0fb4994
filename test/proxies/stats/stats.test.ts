import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { mock, test } from 'node:test';
import { definition as fixed } from '#backends/http-fixed.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { type LogFile, openAccessLog } from '#proxies/stats/access-log.ts';
import { prometheusText } from '#proxies/stats/prometheus.ts';
import { clusterStats, mergeStats, type PolicyStats, type ProxyStats, Traffic } from '#proxies/stats/traffic.ts';
import { loopback, never } from '../sockets.ts';

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const intentFor = (endpoint: { host: string; port: number }, more: Partial<ProxyIntent>): ProxyIntent => ({
  listener: { address: loopback },
  clusters: [{ name: 'o', endpoints: [endpoint] }],
  defaultCluster: 'o',
  admin: loopback,
  ...more,
});

/** One request on a connection of its own. */
const get = (proxy: RunningProxy, target: string): Promise<string> => {
  const socket = net.connect(proxy.address);
  socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return text(socket);
};

const page = async (proxy: RunningProxy, path: string) => {
  const { host, port } = proxy.admin!;
  return fetch(`http://${host}:${port}${path}`);
};

for (const [name, loops] of [
  ['l4-tcp', 1],
  ['l4-tcp', 3],
  ['l7-http', 1],
  ['l7-http', 3],
] as const) {
  test(`${name} on ${loops} event loop(s): what passed is what is counted and logged`, async () => {
    await using dir = await scratch();
    const accessLog = join(dir.folder, 'access.log');
    await using origin = await fixed.start(loopback, {}, never);
    const intent = intentFor(origin.address, { accessLog, concurrency: loops });
    {
      await using proxy = await proxies.get(name)!.start(intent, never);
      let sent = 0;
      for (let i = 0; i < 12; i++) sent += (await get(proxy, '/bytes/100')).length;
      await proxy.drain!();
      const stats = (await (await page(proxy, '/stats')).json()) as ProxyStats;
      const { traffic } = stats.listener;
      assert.deepEqual([traffic.connections, traffic.active, traffic.errors], [12, 0, 0]);
      assert.equal(stats.listener.address, `${proxy.address.host}:${proxy.address.port}`);
      const endpoint = stats.clusters[0]!.endpoints[0]!.traffic;
      assert.equal(endpoint.active, 0);
      assert.equal(
        endpoint.latency.reduce((sum, n) => sum + n),
        12,
      );
      if (name === 'l7-http') {
        assert.deepEqual([traffic.requests, traffic.codes[2], endpoint.requests], [12, 12, 12]);
        assert.ok(traffic.bytesSent >= 1200);
      } else assert.equal(traffic.bytesSent, sent);
      const metrics = await (await page(proxy, '/metrics')).text();
      assert.ok(metrics.includes(`hopcost_connections_total{listener="${stats.listener.address}"} 12\n`));
      assert.equal((await page(proxy, '/other')).status, 404);
    }
    const lines = (await readFile(accessLog, 'utf8')).trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { cluster: string; endpoint: string; source: string });
    assert.equal(records.length, 12);
    const { host, port } = origin.address;
    assert.ok(records.every((record) => record.endpoint === `${host}:${port}` && record.cluster === 'o'));
    assert.ok(records.every((record) => record.source === '127.0.0.1'));
  });
}

test('several event loops share the port and spread the connections', async () => {
  await using origin = await fixed.start(loopback, {}, never);
  await using proxy = await proxies.get('l4-tcp')!.start(intentFor(origin.address, { concurrency: 2 }), never);
  await using other = await proxies
    .get('l4-tcp')!
    .start({ ...intentFor(origin.address, {}), listener: { address: loopback, reusePort: true } }, never);
  assert.notEqual(proxy.address.port, other.address.port);
  await Promise.all(Array.from({ length: 40 }, () => get(proxy, '/bytes/1')));
  assert.equal((await proxy.stats!()).listener.traffic.connections, 40);
  await assert.rejects(
    proxies.get('l4-tcp')!.start({ ...intentFor(origin.address, {}), listener: { address: proxy.address } }, never),
    { code: 'EADDRINUSE' },
  );
});

test('statistics of several loops add up, those that know other endpoints too', () => {
  const traffic = new Traffic();
  traffic.connections = 2;
  traffic.finished(3, 204);
  traffic.finished(1_500_000, 503);
  const part = (...addresses: string[]): ProxyStats => ({
    listener: { address: 'l', traffic: traffic.snapshot() },
    clusters: [
      clusterStats(
        'c',
        addresses.map((address) => ({ address, weight: 1, traffic: traffic.snapshot() })),
      ),
    ],
  });
  const merged = mergeStats([part('a'), part('a', 'b')]);
  assert.equal(merged.listener.traffic.connections, 4);
  assert.deepEqual(
    merged.clusters[0]!.endpoints.map(({ address, traffic: t }) => [address, t.connections, t.codes[2], t.codes[5]]),
    [
      ['a', 4, 2, 2],
      ['b', 2, 1, 1],
    ],
  );
  assert.equal(merged.clusters[0]!.traffic.latencyMicros, 3 * 1_500_003);
});

test('Prometheus text: one TYPE a metric, cumulative buckets, escaped labels', () => {
  const traffic = new Traffic();
  traffic.finished(0);
  traffic.finished(3);
  const lines = prometheusText({
    listener: { address: 'l', traffic: traffic.snapshot() },
    clusters: [clusterStats('a"b\\', [{ address: 'e', weight: 1, traffic: traffic.snapshot() }])],
  }).split('\n');
  const types = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
  assert.equal(new Set(types).size, types.length);
  assert.ok(lines.includes('hopcost_duration_seconds_bucket{listener="l",le="0.000001"} 1'));
  assert.ok(lines.includes('hopcost_duration_seconds_bucket{listener="l",le="0.000004"} 2'));
  assert.ok(lines.includes('hopcost_duration_seconds_bucket{listener="l",le="+Inf"} 2'));
  assert.ok(lines.includes('hopcost_requests_total{cluster="a\\"b\\\\",endpoint="e"} 0'));
  const sampleLine = /^[a-z_]+\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\} -?[\d.e+-]+$/;
  for (const line of lines) assert.ok(line === '' || line.startsWith('# ') || sampleLine.test(line), line);
});

test('what lasts longer than 32 bits of microseconds falls into the last bucket', () => {
  const traffic = new Traffic();
  for (const micros of [2 ** 26 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 40, 7_200e6]) traffic.finished(micros);
  assert.deepEqual(traffic.latency.slice(-2), [1, 4]);
});

test('reasons add up over event loops, and are told to Prometheus', () => {
  const traffic = new Traffic();
  traffic.because('client_reset', () => '', 2);
  const part = { listener: { address: 'l', traffic: traffic.snapshot() }, clusters: [] };
  const merged = { ...mergeStats([part, part]), loopRestarts: 3 };
  assert.deepEqual(merged.listener.traffic.reasons, { client_reset: 4 });
  const lines = prometheusText(merged).split('\n');
  assert.ok(lines.includes('hopcost_reasons_total{listener="l",reason="client_reset"} 4'));
  assert.ok(lines.includes('hopcost_loop_restarts_total 3'));
});

test('a disk that is full for a while costs lines, and the next one begins where a line begins', async () => {
  const room = [30, 0, 1e6]; // bytes that each write may take before the next fails
  let written = '';
  const lost: [number, string][] = [];
  const file: LogFile = {
    async write(bytes) {
      const size = Math.min(bytes.length, room[0]!);
      if (size === 0) {
        room.shift();
        throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      }
      room[0]! -= size;
      written += String(bytes.subarray(0, size));
      return { bytesWritten: size };
    },
    close: () => Promise.resolve(),
  };
  const flushed = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    await using log = await openAccessLog(
      'a',
      (lines, why) => lost.push([lines, why]),
      () => Promise.resolve(file),
    );
    for (const piece of [[1, 2, 3], [4], [5, 6]]) {
      for (const i of piece) log.write({ i, text: 'seventeen bytes..' });
      mock.timers.tick(1_000);
      await flushed();
    }
    assert.equal(log.lost, 4);
  } finally {
    mock.timers.reset();
  }
  assert.deepEqual(lost, [
    [3, 'ENOSPC: no space left'],
    [1, 'ENOSPC: no space left'],
  ]);
  const line = (i: number) => JSON.stringify({ i, text: 'seventeen bytes..' });
  assert.equal(written, `${line(1).slice(0, 30)}\n${line(5)}\n${line(6)}\n`);
});

test('the access log writes in pieces, in order, and appends', async () => {
  await using dir = await scratch();
  const path = join(dir.folder, 'log');
  for (const round of [0, 1]) {
    await using log = await openAccessLog(path);
    for (let i = 0; i < 5_000; i++) log.write({ round, i, filler: 'x'.repeat(50) });
    assert.equal(log.lost, 0);
  }
  const records = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { i: number });
  assert.deepEqual(
    records.map(({ i }) => i),
    Array.from({ length: 10_000 }, (_, i) => i % 5_000),
  );
  // What comes after a time without anything is written too.
  mock.timers.enable({ apis: ['setInterval'] });
  {
    await using log = await openAccessLog(path);
    mock.timers.tick(2_000);
    log.write({ late: true });
  }
  mock.timers.reset();
  assert.match(await readFile(path, 'utf8'), /\{"late":true\}\n$/);
  await assert.rejects(openAccessLog(join(dir.folder, 'no', 'log')), { code: 'ENOENT' });
});

test('what policies did is summed over loops, and told as Prometheus text', () => {
  const endpoint = (out?: 'unhealthy' | 'ejected') => ({
    address: 'h:1',
    weight: 1,
    ...(out && { out }),
    traffic: new Traffic().snapshot(),
  });
  const part = (policies: PolicyStats | undefined, out?: 'ejected'): ProxyStats => ({
    listener: { address: 'l:1', traffic: new Traffic().snapshot() },
    clusters: [clusterStats('c', [endpoint(out)], policies)],
  });
  const one: PolicyStats = { events: { ejected: 1, retried: 2 }, panic: false, open: ['requests'], waiting: 1 };
  const two: PolicyStats = { events: { retried: 3 }, panic: true, open: ['requests', 'retries'], waiting: 2 };
  const merged = mergeStats([part(one), part(two, 'ejected'), part(undefined)]);
  assert.deepEqual(merged.clusters[0]!.policies, {
    events: { ejected: 1, retried: 5 },
    panic: true,
    open: ['requests', 'retries'],
    waiting: 3,
  });
  assert.equal(merged.clusters[0]!.endpoints[0]!.out, 'ejected');
  const told = prometheusText(merged);
  for (const line of [
    'hopcost_cluster_events_total{cluster="c",kind="ejected"} 1',
    'hopcost_cluster_events_total{cluster="c",kind="retried"} 5',
    'hopcost_cluster_panic{cluster="c"} 1',
    'hopcost_cluster_breaker_open{cluster="c",bound="retries"} 1',
    'hopcost_cluster_waiting{cluster="c"} 3',
    'hopcost_endpoint_out{cluster="c",endpoint="h:1",why="ejected"} 1',
  ])
    assert.ok(told.includes(`\n${line}\n`), line);
  const bare = mergeStats([part(undefined)]);
  assert.equal('policies' in bare.clusters[0]!, false);
  assert.doesNotMatch(prometheusText(bare), /cluster_events|endpoint_out/);
});
