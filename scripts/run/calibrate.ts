/** Calibration: the driver of this run against an origin whose delays, rate, stall and errors are known. About five seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  delayChecks,
  errorChecks,
  rateChecks,
  stallChecks,
  type CalibrationCheck,
} from '#bench/analysis/calibration.ts';
import { openTopology, type TopologyShared } from '#bench/lab/topology.ts';
import { ask } from '#bench/lab/http-client.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { CalibrationRecord } from '#bench/model/record.ts';
import type { Loop, Traffic } from '#bench/model/scenario.ts';
import { bytes, epochMillis, millis, perSecond } from '#bench/model/units.ts';

const DELAYS = [0.2, 1, 5, 50];
const RATE = 1_000;
const STALL = 100;
const ONE_IN = 4;
const SMALL_BODY = 8;
const LEAD = 100;
const WARMUP = 150;

const get = (path: string): Traffic => ({
  kind: 'http',
  request: { method: 'GET', path, headers: [], bodyBytes: bytes(0) },
  expect: { status: 200, bodyBytes: bytes(SMALL_BODY) },
  connection: 'keep-alive',
  tls: 'none',
});
const paced: Loop = { kind: 'open', connections: 64, offered: perSecond(RATE), arrivals: 'uniform' };

export interface CalibrationContext extends TopologyShared {
  readonly pool: LoadPool;
  readonly seed: number;
}

export async function calibrate(
  { pool, seed, ...shared }: CalibrationContext,
  signal: AbortSignal,
): Promise<CalibrationRecord> {
  const scenario = { origin: 'http-fixed', traffic: get('/') };
  // The origin gets the proxy's core, which has nothing else to do now: it is the driver that is put to the test.
  const placement = { ...shared.placement, origin: shared.placement.proxy };
  await using topology = await openTopology({ ...shared, placement, scenario, concurrency: 1 }, signal);
  const { target } = topology;

  const drive = (path: string, loop: Loop, window: number): Promise<LoadResult> =>
    pool.run(
      {
        driver: 'http1',
        target,
        traffic: get(path),
        loop,
        seed,
        startAt: epochMillis(performance.timeOrigin + performance.now() + LEAD),
        warmup: millis(WARMUP),
        window: millis(window),
        timeouts: { connect: millis(5_000), response: millis(10_000) },
      },
      signal,
    ).result;

  const checks: CalibrationCheck[] = [];
  for (const delay of DELAYS) {
    const load = await drive(`/delay/${delay}`, paced, 400);
    const { body } = await ask(target, { path: '/delayed' }, signal);
    checks.push(...delayChecks(delay, JSON.parse(body.toString()) as number[], load));
  }
  checks.push(...rateChecks(RATE, await drive('/', paced, 500)));
  const stalled = drive('/', paced, 450);
  await sleep(LEAD + WARMUP + 150, undefined, { signal });
  await ask(target, { path: `/stall/${STALL}` }, signal);
  checks.push(...stallChecks(STALL, RATE, await stalled));
  checks.push(...errorChecks(ONE_IN, await drive(`/error/${ONE_IN}`, paced, 300)));
  return { record: 'calibration', checks };
}
