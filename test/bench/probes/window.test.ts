import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProbeReadings } from '#bench/model/probe.ts';
import type { Placement } from '#bench/model/record.ts';
import { epochMillis } from '#bench/model/units.ts';
import { utilisation } from '#bench/probes/event-loop.ts';
import { measureWindow } from '#bench/probes/window.ts';

const placement: Placement = { proxy: [0], origin: [0], load: [0], loadWorkers: 1, shared: true };
const now = () => performance.timeOrigin + performance.now();

test('all parties over the same window, each with the requests of its own interval', async (t) => {
  const origin = fork(join(import.meta.dirname, 'burner.ts'));
  t.after(() => origin.kill('SIGKILL'));
  await once(origin, 'message');
  let completed = 0;
  const load = setInterval(() => completed++, 1);
  let asked = 0;
  const from = now() + 30;
  const readings = await measureWindow(
    {
      parties: {
        origin: {
          pids: [origin.pid!],
          counters: async () => ({ connections: 4, requests: 10 + asked++ * 7 }),
          eventLoop: async () => ({ active: asked * 30, idle: asked * 70 }),
        },
        generator: { pids: [process.pid] },
      },
      placement,
      completed: () => completed,
      from: epochMillis(from),
      to: epochMillis(from + 250),
    },
    AbortSignal.timeout(20_000),
  );
  clearInterval(load);
  ProbeReadings.parse(readings);
  assert.equal(readings.proxy, undefined);
  assert.deepEqual(readings.originCounts, { connections: 0, requests: 7 });
  assert.ok(readings.origin);
  assert.equal(readings.origin.eventLoop, 0.3);
  assert.equal(readings.generator.eventLoop, undefined);
  for (const party of [readings.origin, readings.generator]) {
    assert.ok(party.interval >= 240);
    assert.ok(party.requests > 0 && party.requests <= completed);
    assert.ok(party.rss.before! > 0);
  }
  assert.ok(readings.host.foreign >= 0 && readings.host.foreign <= 1);
  assert.ok(
    readings.generator.instructions !== undefined ||
      readings.unavailable.some((line) => line.startsWith('instructions:')),
  );
});

test('an abort ends the wait with its reason', async () => {
  const aborting = new AbortController();
  const measuring = measureWindow(
    {
      parties: { origin: { pids: [process.pid] }, generator: { pids: [process.pid] } },
      placement,
      completed: () => 0,
      from: epochMillis(now() + 60_000),
      to: epochMillis(now() + 61_000),
    },
    aborting.signal,
  );
  aborting.abort(new Error('interrupted'));
  await assert.rejects(
    measuring,
    (error: Error) => error.message === 'interrupted' || error.cause === aborting.signal.reason,
  );
});

test('utilisation: the share of a loop’s time that it did not wait', () => {
  assert.equal(utilisation({ active: 10, idle: 10 }, { active: 40, idle: 20 }), 0.75);
  assert.equal(utilisation({ active: 1, idle: 1 }, { active: 1, idle: 1 }), 0);
});
