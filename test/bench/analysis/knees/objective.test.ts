/** What a window says of an objective: held, missed by the subject's own doing, or nothing at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeObjective, judgeWindow, readClause, samplesOf } from '#bench/analysis/knees/objective.ts';
import { judgeTrial, type TrialEvidence } from '#bench/analysis/verdict/verdict.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { Clause, Objective } from '#bench/model/objective.ts';
import type { Placement, TrialRecord } from '#bench/model/record.ts';
import { micros } from '#bench/model/units.ts';
import { atRate } from '#bench/plan/sweep.ts';
import { samplesFor } from '#bench/stats/histogram.ts';
import { APART, histogramOf, ONE_CORE, open, PINNED, probes, scenarioNamed } from '../verdict/evidence.ts';

const latency = (more: Partial<Extract<Clause, { kind: 'latency' }>> = {}): Clause => ({
  kind: 'latency',
  time: 'service',
  q: 0.99,
  below: micros(2_000),
  ...more,
});
const P99: Objective = { clauses: [latency()] };
const RATE = 10_000;

/** 10,000 requests of which one in fifty takes `slow` microseconds, the others 100. */
const times = (slow: number): LoadResult['service'] =>
  histogramOf(Array.from({ length: RATE }, (_, i) => (i % 50 === 0 ? slow : 100) * 1_000));

/** A window at 10,000/s; what is not named is as it should be. */
function windowOf({
  slow = 100,
  load = {},
  shares = { proxy: 0.7, origin: 0.2, generator: 0.3 },
  host = {},
  direct = false,
  placement = PINNED,
}: {
  slow?: number;
  load?: Partial<LoadResult>;
  shares?: { proxy?: number; origin: number; generator: number };
  host?: Partial<TrialEvidence['probes']['host']>;
  direct?: boolean;
  placement?: Placement;
}): TrialRecord {
  const { scenario, loop } = atRate(scenarioNamed('http-small'), RATE);
  const readings = probes(shares);
  const evidence: TrialEvidence = {
    scenario,
    subject: direct ? { kind: 'direct' } : { kind: 'proxy', name: 'l7-http' },
    load: open({
      requests: RATE,
      scheduled: RATE,
      offered: loop.kind === 'open' ? loop.offered : undefined!,
      service: times(slow),
      response: times(slow + 10),
      generatorLag: histogramOf([1_000, 2_000, 3_000]),
      ...load,
    }),
    probes: { ...readings, host: { ...readings.host, busy: 0.5, ...host } },
    placement,
  };
  const id = {
    record: 'trial',
    scenario: scenario.name,
    subject: evidence.subject,
    generation: 0,
    position: 0,
  } as const;
  const at = '2026-01-01T00:00:00.000Z';
  return { ...id, startedAt: at, loop, ...judgeTrial(evidence), load: evidence.load, probes: evidence.probes };
}

const said = (window: TrialRecord, objective = P99, placement = PINNED): string => {
  const outcome = judgeWindow(window, objective, placement);
  return outcome.kind === 'limited' ? `limited by ${outcome.by}` : outcome.kind;
};

test('held below the limit, missed at it', () => {
  assert.equal(said(windowOf({ slow: 1_900 })), 'held');
  assert.equal(said(windowOf({ slow: 2_100 })), 'missed');
});

const SLOW = { slow: 9_000 };
const CASES: readonly {
  readonly name: string;
  readonly is: string;
  readonly window: Parameters<typeof windowOf>[0];
}[] = [
  {
    name: 'the proxy’s core is full',
    is: 'missed',
    window: { ...SLOW, shares: { proxy: 0.97, origin: 0.3, generator: 0.4 } },
  },
  { name: 'nothing is busy', is: 'missed', window: { ...SLOW, shares: { proxy: 0.3, origin: 0.1, generator: 0.1 } } },
  {
    name: 'the core of load and origin is full',
    is: 'limited by host',
    window: { ...SLOW, shares: { proxy: 0.5, origin: 0.45, generator: 0.5 } },
  },
  {
    name: 'that core is beyond its knee and busier than the proxy',
    is: 'limited by host',
    window: { ...SLOW, shares: { proxy: 0.7, origin: 0.4, generator: 0.45 } },
  },
  {
    name: 'that core is beyond its knee, the proxy more so',
    is: 'missed',
    window: { ...SLOW, shares: { proxy: 0.89, origin: 0.4, generator: 0.45 } },
  },
  {
    name: 'the generator has cores of its own and they are full',
    is: 'limited by generator',
    window: { ...SLOW, placement: APART, shares: { proxy: 0.5, origin: 0.2, generator: 0.97 } },
  },
  {
    name: 'the origin has a core of its own and it is beyond its knee',
    is: 'limited by origin',
    window: { ...SLOW, placement: APART, shares: { proxy: 0.5, origin: 0.85, generator: 0.3 } },
  },
  {
    name: 'direct: its origin is full, which is direct’s own limit',
    is: 'missed',
    window: { ...SLOW, placement: APART, direct: true, shares: { origin: 0.97, generator: 0.4 } },
  },
  {
    name: 'direct: load and origin share a full core',
    is: 'limited by host',
    window: { ...SLOW, direct: true, shares: { origin: 0.45, generator: 0.5 } },
  },
  { name: 'others use the CPU', is: 'disturbed', window: { ...SLOW, host: { foreign: 0.3 } } },
  { name: 'the quota ran out', is: 'limited by host', window: { ...SLOW, host: { throttled: micros(9_000) } } },
  {
    name: 'all three share one core that is full',
    is: 'limited by host',
    window: { ...SLOW, placement: ONE_CORE, shares: { proxy: 0.4, origin: 0.3, generator: 0.28 } },
  },
];

for (const { name, is, window } of CASES)
  test(`missed while ${name}: ${is}`, () => assert.equal(said(windowOf(window), P99, window.placement), is));

test('an invalid window says nothing, even where the objective held', () => {
  // Half of them later than the slowest took.
  const late = { load: { generatorLag: histogramOf([1_000, 200_000, 400_000]) } };
  assert.equal(said(windowOf(late)), 'limited by generator');
  assert.equal(said(windowOf({ ...late, host: { foreign: 0.2 } })), 'disturbed', 'the lag is that of the others');
  assert.equal(said(windowOf({ host: { steal: 0.2 } })), 'disturbed');
  assert.equal(said(windowOf({ ...late, host: { steal: 0.2 } })), 'disturbed');
  const failed: TrialRecord = {
    record: 'trial',
    scenario: 'http-small',
    subject: { kind: 'direct' },
    generation: 0,
    position: 0,
    startedAt: '2026-01-01T00:00:00.000Z',
    state: 'failed',
    error: { code: 'X', message: 'the proxy exited' },
  };
  assert.deepEqual(judgeWindow(failed, P99, PINNED), { kind: 'disturbed', why: 'the proxy exited' });
});

test('a rate that is not carried is missed, however fast what was sent is answered', () => {
  const short = (dropped: number): TrialRecord =>
    windowOf({ load: { requests: RATE - dropped, dropped }, shares: { proxy: 0.97, origin: 0.2, generator: 0.3 } });
  assert.equal(said(short(100)), 'held');
  assert.equal(said(short(101)), 'missed');
  const outcome = judgeWindow(short(900), P99, PINNED);
  assert.match(outcome.kind === 'missed' ? outcome.why : '', /9\.0.% of the requests found no free connection/);
});

test('a rate that was not carried for want of connections, by a subject that had more to give, is the generator’s limit', () => {
  const short = (proxy: number): TrialRecord =>
    windowOf({ load: { requests: RATE - 900, dropped: 900 }, shares: { proxy, origin: 0.1, generator: 0.2 } });
  assert.equal(said(short(0.5)), 'limited by generator');
  assert.equal(said(short(0.85)), 'missed');
});

test('errors: none without a clause, else below its share', () => {
  const failing = (failed: number): TrialRecord =>
    windowOf({
      load: {
        requests: RATE - failed,
        errors: { connect: 0, tls: 0, reset: failed, timeout: 0, status: 0, framing: 0, body: 0 },
      },
    });
  assert.equal(said(failing(1)), 'missed');
  const tolerant: Objective = { clauses: [latency(), { kind: 'errors', below: 0.001 }] };
  assert.equal(said(failing(9), tolerant), 'held');
  assert.equal(said(failing(10), tolerant), 'missed');
});

test('response time: a miss counts only where the lag is no more than a tenth of the objective; what held in spite of it held', () => {
  const objective: Objective = { clauses: [latency({ time: 'response' })] };
  const lagging = (nanos: number) => ({ load: { generatorLag: histogramOf([1_000, 2_000, nanos]) } });
  assert.equal(said(windowOf({ ...SLOW, ...lagging(195_000) }), objective), 'missed');
  assert.equal(said(windowOf({ ...SLOW, ...lagging(205_000) }), objective), 'limited by generator');
  assert.equal(said(windowOf(lagging(205_000)), objective), 'held');
  assert.equal(said(windowOf({ ...SLOW, ...lagging(205_000) })), 'missed', 'service time does not contain it');
});

test('too few requests for the quantile: nothing is said', () => {
  const few = windowOf({ load: { service: histogramOf([1e5, 1e5]), requests: 2, scheduled: 2 } });
  const outcome = judgeWindow(few, P99, PINNED);
  assert.deepEqual(outcome, { kind: 'disturbed', why: '2 requests carry no p99 (needs 1000)' });
});

test('what is read is what was judged, and a window has room for it', () => {
  const window = windowOf({ slow: 3_000 });
  assert.ok(window.state === 'completed');
  const read = readClause(window.load, { kind: 'latency', time: 'service', q: 0.99, below: micros(1) });
  assert.ok(read !== undefined && Math.abs(read - 3_000) < 10);
  for (const q of [0.5, 0.99, 0.9999]) {
    const samples = samplesOf({ clauses: [latency({ q })] });
    // Five standard deviations of a Poisson count below the mean.
    assert.ok(samples - 5 * Math.sqrt(samples) >= samplesFor(q), `${q}: ${samples}`);
  }
});

test('an objective in words', () => {
  const text = describeObjective({
    clauses: [
      latency(),
      latency({ time: 'response', q: 0.999, below: micros(10_500) }),
      latency({ q: 0.5, below: micros(800) }),
      { kind: 'errors', below: 0.001 },
    ],
  });
  assert.equal(text.replaceAll('\u00a0', ' '), 'p99 < 2 ms, response p99.9 < 10.5 ms, p50 < 800 µs, errors < 0.1 %');
});
