/**
 * Calibration: the driver of this run against an origin whose delays, rate, stall, errors and capacity are known. About thirteen seconds.
 *
 * It is the driver that is put to the test, so the origin has the proxy's core, which has nothing else to do now, spins where time
 * counts, and tells what it truly did. What the host takes from either of them would show as the driver's error: a step that fails while
 * others used the CPU is made once more, and says so if it fails again. Beside it stands what the host does to bare threads.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  delayChecks,
  disturbs,
  dropChecks,
  errorChecks,
  rateChecks,
  stallChecks,
  underHost,
  wakeupsOf,
  wayChecks,
  wayOf,
  type CalibrationCheck,
} from '#bench/analysis/instruments/calibration.ts';
import { openTopology, type Topology, type TopologyShared } from '#bench/lab/topology.ts';
import { ask } from '#bench/lab/http-client.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import { measureWakeups } from '#bench/load/wakeups.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { HostReading } from '#bench/model/probe.ts';
import type { CalibrationRecord } from '#bench/model/record.ts';
import type { Loop, Traffic } from '#bench/model/scenario.ts';
import { bytes, epochMillis, type Millis, millis, perSecond } from '#bench/model/units.ts';
import { watchHost } from '#bench/probes/host-share.ts';

/** How much of it: `brief` leaves out all delays but one, and repeats nothing. */
export interface CalibrationPlan {
  readonly delays: readonly number[];
  /** Milliseconds that may be spent on repeating steps. */
  readonly repeat: number;
  /** What all of it takes on a quiet host. */
  readonly time: Millis;
}
export const CALIBRATIONS = {
  full: { delays: [0.2, 1, 5, 50], repeat: 4_000, time: millis(13_000) },
  brief: { delays: [1], repeat: 0, time: millis(6_500) },
} as const satisfies Record<string, CalibrationPlan>;
const RATE = 1_000;
/** What a p99 needs (10 ÷ (1 − q) samples), at that rate. */
const DELAY_WINDOW = 1_000;
/** Few arrivals a stall, so that what the origin then catches up is nothing against the gap between two of them. */
const STALL = { millis: 200, least: 100, rate: 200, window: 500, after: 150 };
const ONE_IN = 4;
/** 8 connections, held for 100 ms each: 32 of 350 arrivals are sent, far from any border. */
const DROPS = { connections: 8, millis: 100, window: 350 };
const SMALL_BODY = 8;
/** Loading a pacer takes a tenth of a second of the driver's core. */
const LEAD = 250;
const WARMUP = 50;
/** Discarded: until then little of the driver is compiled, which takes thousands of requests, and a millisecond at a time. */
const PRACTICE = { rate: 10_000, window: 1_000 };
/** Before each delay, so that they see what it sees: what a p99 needs in all, at the rate of its requests. */
const WAKEUPS = { count: 300, gap: 1_000 / RATE };

const get = (path: string): Traffic => ({
  kind: 'http',
  request: { method: 'GET', path, headers: [], bodyBytes: bytes(0) },
  expect: { status: 200, bodyBytes: bytes(SMALL_BODY) },
  connection: 'keep-alive',
  tls: 'none',
});
const paced = (offered: number, connections = 64): Loop => ({
  kind: 'open',
  connections,
  offered: perSecond(offered),
  arrivals: 'uniform',
});

export interface CalibrationContext extends TopologyShared {
  readonly pool: LoadPool;
  readonly seed: number;
}

type Host = Pick<HostReading, 'steal' | 'foreign'>;
type Step = (signal: AbortSignal) => Promise<CalibrationCheck[]>;

export async function calibrate(
  { pool, seed, ...shared }: CalibrationContext,
  signal: AbortSignal,
  plan: CalibrationPlan = CALIBRATIONS.full,
): Promise<CalibrationRecord> {
  const scenario = { origin: 'http-fixed', traffic: get('/') };
  const placement = { ...shared.placement, origin: shared.placement.proxy };
  await pool.ready();
  await using topology = await openTopology({ ...shared, placement, scenario, concurrency: 1 }, signal);

  const drive = (path: string, loop: Loop, window: number, warmup = WARMUP): Promise<LoadResult> =>
    pool.run(
      {
        driver: 'http1',
        target: topology.target,
        traffic: get(path),
        loop,
        seed,
        startAt: epochMillis(performance.timeOrigin + performance.now() + LEAD),
        warmup: millis(warmup),
        window: millis(window),
        timeouts: { connect: millis(5_000), response: millis(10_000) },
      },
      signal,
    ).result;

  await drive('/exactly/0', paced(PRACTICE.rate), PRACTICE.window);
  const made: { checks: CalibrationCheck[]; host: Host; again: boolean }[] = [];
  const wakeups: number[] = [];
  // A way that was measured on a disturbed host misleads every check that it is taken from.
  let inherited: Host = { steal: 0, foreign: 0 };
  let budget: number = plan.repeat;
  const bare = async (): Promise<void> =>
    void wakeups.push(...(await measureWakeups(WAKEUPS, shared.placement, signal)));
  for (const step of stepsOf(topology, drive, { delays: plan.delays, bare })) {
    const from = performance.now();
    const first = await observed(step, topology, signal);
    const took = performance.now() - from;
    const again = first.checks.some(({ passed }) => !passed) && disturbs(first.host) && took <= budget;
    if (again) budget -= took;
    const { checks: found, host } = again ? await observed(step, topology, signal) : first;
    const worst = { steal: Math.max(host.steal, inherited.steal), foreign: Math.max(host.foreign, inherited.foreign) };
    made.push({ checks: found, host: worst, again });
    if (made.length === 1 && disturbs(host)) inherited = host;
  }
  const woken = wakeupsOf(wakeups);
  return {
    record: 'calibration',
    checks: made.flatMap((step) => underHost(step.checks, step.host, step.again, woken)),
    wakeups: woken,
  };
}

/** A step, and what the host did besides meanwhile. */
async function observed(
  step: Step,
  { origin }: Topology,
  signal: AbortSignal,
): Promise<{ checks: CalibrationCheck[]; host: Host }> {
  const host = watchHost([process.pid, ...origin.pids]);
  const checks = await step(signal);
  return { checks, host: host() };
}

function stepsOf(
  { target, origin }: Topology,
  drive: (path: string, loop: Loop, window: number, warmup?: number) => Promise<LoadResult>,
  { delays, bare }: { readonly delays: readonly number[]; readonly bare: () => Promise<void> },
): Step[] {
  const delayed = async (signal: AbortSignal): Promise<number[]> =>
    JSON.parse((await ask(target, { path: '/delayed' }, signal)).body.toString()) as number[];
  let way = 0;
  return [
    async (signal) => {
      const before = await origin.counters();
      const load = await drive('/exactly/0', paced(RATE), 500);
      const { requests } = await origin.counters();
      way = wayOf(await delayed(signal), load);
      const counted = requests - before.requests - (RATE * WARMUP) / 1_000;
      return [...wayChecks(way), ...rateChecks(RATE, counted, load)];
    },
    ...delays.map((delay): Step => async (signal) => {
      await bare();
      const load = await drive(`/exactly/${delay}`, paced(RATE), DELAY_WINDOW);
      return delayChecks(delay, await delayed(signal), load, way);
    }),
    async (signal) => {
      const stalled = drive('/', paced(STALL.rate), STALL.window);
      await sleep(LEAD + WARMUP + STALL.after, undefined, { signal });
      const { headers } = await ask(target, { path: `/stall/${STALL.millis}` }, signal);
      return stallChecks(Number(headers['x-stalled']), STALL.least, STALL.rate, await stalled);
    },
    // Without a warm-up: the origin counts from the first one.
    async () => errorChecks(ONE_IN, await drive(`/error/${ONE_IN}`, paced(RATE), 300, 0)),
    async () => {
      const { connections, millis: held, window } = DROPS;
      return dropChecks(held, RATE, await drive(`/exactly/${held}`, paced(RATE, connections), window, 0));
    },
  ];
}
