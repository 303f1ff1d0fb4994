import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignShare, hostFigures, hostGaps, hostProbe, type HostSnapshot } from '#bench/probes/host.ts';

const before: HostSnapshot = {
  cpu: { total: 1000, busy: 400, steal: 10 },
  throttled: 500,
  listenOverflows: 2,
  retransmits: 5,
};
const after: HostSnapshot = {
  cpu: { total: 1200, busy: 500, steal: 20 },
  throttled: 1700,
  listenOverflows: 3,
  retransmits: 9,
};

test('shares of the interval, differences of the counters', () => {
  const figures = hostFigures(before, after, 1.5);
  assert.deepEqual(figures, {
    steal: 0.05,
    busy: 0.5,
    loadAverage: 1.5,
    throttled: 1200,
    tcp: { listenOverflows: 1, retransmits: 4 },
    cpuTime: 2_000_000,
  });
  assert.equal(foreignShare(figures, 600_000), 0.2);
  assert.equal(foreignShare(figures, 5_000_000), 0);
});

test('no time, no share', () => {
  const figures = hostFigures(before, before, 0);
  assert.equal(figures.steal, 0);
  assert.equal(foreignShare(figures, 1), 0);
});

test('this host can be read', async () => {
  await using probe = await hostProbe().attach([], AbortSignal.timeout(1000));
  await assert.rejects(probe.finish(), /before begin/);
  probe.begin();
  const figures = await probe.finish();
  for (const share of [figures.steal, figures.busy]) assert.ok(share >= 0 && share <= 1);
  assert.ok(figures.throttled >= 0 && figures.tcp.listenOverflows >= 0);
});

test('what a platform cannot tell is named', () => {
  assert.deepEqual(hostGaps('linux'), []);
  assert.match(hostGaps('darwin').join(), /steal/);
});
