/**
 * Does the open loop hold its rate where load and origin share one core, and what does it cost beside `h2load --h1 --rps`? Through the L7
 * reference, which has the other core, at 1,000 to 60,000 requests a second, and at more than anybody carries.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCertificate } from '#bench/lab/certificates.ts';
import { pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { openTopology } from '#bench/lab/topology.ts';
import { createLoadPool, type LoadPool } from '#bench/load/pool.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { Loop, Traffic } from '#bench/model/scenario.ts';
import { epochMillis, millis, perSecond } from '#bench/model/units.ts';
import { watchHost } from '#bench/probes/host-share.ts';
import { takeSnapshot } from '#bench/probes/snapshot.ts';
import { decodeHistogram } from '#bench/stats/histogram.ts';
import type { Endpoint } from '#proxies/config/intent.ts';
import { definitionOf } from '#bench/run/spec.ts';
import { settle } from '#scripts/run/settings.ts';

const RATES = [1_000, 3_000, 10_000, 30_000, 45_000, 60_000];
/** More than the two cores carry, whoever sends. */
const BEYOND = 150_000;
const CONNECTIONS = 64;
const WARMUP = 700;
const WINDOW = 2_000;
const LEAD = 200;

export interface Paced {
  readonly rate: number;
  readonly scheduled: number;
  readonly completed: number;
  readonly dropped: number;
  readonly failed: number;
  /** The generator's own lag, microseconds. */
  readonly lagP50: number;
  readonly lagP99: number;
  readonly serviceP50: number;
  /** Microseconds of CPU a request of the whole generator. */
  readonly cpu: number;
  /** Of `h2load --h1 --rps` at that rate; undefined where it is not installed or not asked. */
  readonly h2load?: { readonly rate: number; readonly cpu: number } | undefined;
}

export interface OpenLoopShown {
  /** Requests a second of a closed loop of as many connections. */
  readonly closed: number;
  /** At rates that the closed loop reached. */
  readonly paced: readonly Paced[];
  /** At a rate that nobody carries. */
  readonly beyond: Paced;
  /** Share of the host's CPU that other processes used. */
  readonly foreign: number;
}

/** Share by which what was achieved may differ from what was scheduled, and the share of the closed loop's rate up to which a rate must hold. */
const WITHIN = 0.005;
const REACHED = 0.8;
/** Microseconds of lag borne up to that many requests a second. */
const LAG = { p50: 100, p99: 1_000, upTo: 30_000 };
/** Of what h2load takes a request: it sends in bursts a millisecond apart, which is cheaper, below this rate by far. */
const CPU = { times: 2, from: 30_000 };
/** Beyond capacity at least this share of what the closed loop carries is still carried by what was scheduled in the window. */
const CARRIED = 0.3;

/** What does not hold, in words. */
export const failings = ({ closed, paced, beyond }: OpenLoopShown): string[] => [
  ...paced.flatMap(({ rate, scheduled, completed, lagP50, lagP99 }) => [
    ...(completed < (1 - WITHIN) * scheduled ? [`${rate}/s: ${completed} of ${scheduled} completed`] : []),
    ...(rate <= LAG.upTo && (lagP50 > LAG.p50 || lagP99 > LAG.p99)
      ? [`${rate}/s: lag p50 ${lagP50.toFixed(0)} µs, p99 ${lagP99.toFixed(0)} µs`]
      : []),
  ]),
  ...paced.flatMap(({ rate, cpu, h2load: other }) =>
    other && rate >= CPU.from && cpu > CPU.times * other.cpu
      ? [`${rate}/s: ${cpu.toFixed(1)} µs of CPU a request, h2load ${other.cpu.toFixed(1)} µs`]
      : [],
  ),
  ...(beyond.completed < (CARRIED * closed * WINDOW) / 1_000
    ? [`${beyond.rate}/s: only ${beyond.completed} completed, where a closed loop carries ${Math.round(closed)}/s`]
    : []),
  ...[...paced, beyond].flatMap(({ rate, scheduled, completed, dropped, failed }) =>
    scheduled === completed + dropped + failed ? [] : [`${rate}/s: completed, dropped and failed are not all of them`],
  ),
];

export async function openLoop(
  { rates = RATES, compare = true }: { readonly rates?: readonly number[]; readonly compare?: boolean },
  signal: AbortSignal,
  told: (line: string) => void,
): Promise<OpenLoopShown> {
  const settings = await settle({ preset: 'standard', proxies: 'l7-http', scenarios: 'http-small', seed: '1' }, {});
  const scenario = settings.scenarios[0]!;
  const placement = planPlacement(readCores());
  if (placement.proxy === null || placement.shared)
    throw new Error('this proof pins processes to two cores or more; this host has fewer, or no taskset');
  using _pinned = pinSelf(placement.load);
  const certificate = createCertificate();
  await using pool = createLoadPool({ workers: placement.loadWorkers });
  await pool.ready();
  const definition = definitionOf(settings, 'l7-http')!;
  await using topology = await openTopology({ scenario, placement, certificate, concurrency: 1, definition }, signal);
  const { target } = topology;

  const drive = (loop: Loop): ReturnType<typeof measured> => measured(pool, target, scenario.traffic, loop, signal);
  await drive({ kind: 'closed', connections: CONNECTIONS }); // compiled, here and there
  const plain = await drive({ kind: 'closed', connections: CONNECTIONS });
  const closed = (plain.load.requests * 1_000) / WINDOW;
  told(`closed loop: ${Math.round(closed)}/s, ${plain.cpu.toFixed(1)} µs of CPU a request`);

  const at = async (rate: number, beside: boolean): Promise<Paced> => {
    const loop: Loop = { kind: 'open', connections: CONNECTIONS, offered: perSecond(rate), arrivals: 'poisson' };
    const { load, cpu } = await drive(loop);
    const other = beside ? await h2load(rate, target, scenario.traffic, placement.load!, signal) : undefined;
    const found = { ...pacedOf(rate, load, cpu), h2load: other };
    told(describePaced(found));
    return found;
  };
  const host = watchHost([process.pid], true);
  const paced: Paced[] = [];
  for (const rate of rates.filter((one) => one <= REACHED * closed)) paced.push(await at(rate, compare));
  return { closed, paced, beyond: await at(BEYOND, false), foreign: host().foreign };
}

/** Runs one window and reads what this whole process used of the CPU in it. */
async function measured(
  pool: LoadPool,
  target: Endpoint,
  traffic: Traffic,
  loop: Loop,
  signal: AbortSignal,
): Promise<{ readonly load: LoadResult; readonly cpu: number }> {
  const startAt = performance.timeOrigin + performance.now() + LEAD;
  const run = pool.run(
    {
      driver: 'http1',
      target,
      traffic,
      loop,
      seed: 1,
      startAt: epochMillis(startAt),
      warmup: millis(WARMUP),
      window: millis(WINDOW),
      timeouts: { connect: millis(5_000), response: millis(10_000) },
    },
    signal,
  );
  const used = cpuBetween([process.pid], () => run.live().completed, LEAD + WARMUP, WINDOW, signal);
  const [load, { cpu, completed }] = await Promise.all([run.result, used]);
  return { load, cpu: cpu / Math.max(1, completed) };
}

function pacedOf(rate: number, load: LoadResult, cpu: number): Paced {
  const lag = decodeHistogram(load.generatorLag!);
  const { status, ...errors } = load.errors;
  return {
    rate,
    scheduled: load.scheduled ?? 0,
    completed: load.requests,
    dropped: load.dropped ?? 0,
    failed: Object.values(errors).reduce((sum, count) => sum + count, status),
    lagP50: lag.getValueAtPercentile(50) / 1e3,
    lagP99: lag.getValueAtPercentile(99) / 1e3,
    serviceP50: decodeHistogram(load.service).getValueAtPercentile(50) / 1e3,
    cpu,
  };
}

/** Microseconds of CPU of `pids` over `window` ms, beginning in `wait` ms, and what was completed meanwhile. */
async function cpuBetween(
  pids: readonly number[],
  completed: () => number,
  wait: number,
  window: number,
  signal: AbortSignal,
): Promise<{ readonly cpu: number; readonly completed: number; readonly seconds: number }> {
  const read = (): { at: number; cpu: number; completed: number } => {
    const { at, tasks, completed: count } = takeSnapshot({ pids, descendants: false, completed });
    return { at, completed: count, cpu: [...tasks.values()].reduce((sum, { cpu }) => sum + cpu, 0) / 1e3 };
  };
  await sleep(wait, undefined, { signal });
  const before = read();
  await sleep(window, undefined, { signal });
  const after = read();
  return {
    cpu: after.cpu - before.cpu,
    completed: after.completed - before.completed,
    seconds: (after.at - before.at) / 1e9,
  };
}

/** Undefined where it is not installed. */
async function h2load(
  rate: number,
  { host, port }: Endpoint,
  traffic: Traffic,
  cores: readonly number[],
  signal: AbortSignal,
): Promise<Paced['h2load']> {
  if (traffic.kind !== 'http') throw new Error(`h2load drives HTTP, not ${traffic.kind}`);
  const seconds = (WARMUP + WINDOW + 300) / 1_000;
  const command = `h2load --h1 --clients ${CONNECTIONS} --rps ${rate / CONNECTIONS} --duration ${Math.ceil(seconds)}`;
  const args = ['-c', cores.join(','), ...command.split(' '), `http://${host}:${port}${traffic.request.path}`];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'ignore'], signal });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = once(child, 'close');
  const used = await cpuBetween([child.pid!], () => 0, WARMUP, WINDOW, signal).catch(() => undefined);
  await closed;
  const achieved = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(text)?.[1]);
  return used && achieved > 0 ? { rate: achieved, cpu: used.cpu / (achieved * used.seconds) } : undefined;
}

export const describePaced = ({ rate, completed, scheduled, dropped, failed, ...rest }: Paced): string => {
  const { lagP50, lagP99, serviceP50, cpu, h2load: other } = rest;
  const words = [
    `${rate}/s: ${completed} of ${scheduled} completed, ${dropped} dropped, ${failed} failed`,
    `lag p50 ${lagP50.toFixed(0)} µs, p99 ${lagP99.toFixed(0)} µs, service time p50 ${serviceP50.toFixed(0)} µs`,
    `${cpu.toFixed(1)} µs of CPU a request`,
    ...(other ? [`h2load ${other.cpu.toFixed(1)} µs at ${other.rate.toFixed(0)}/s`] : []),
  ];
  return words.join('; ');
};
