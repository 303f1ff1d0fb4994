/**
 * Second opinions: the same target, direct, over the same number of kept connections from the same cores, by our generator and by other
 * people's in alternation. The origin has the proxy's core, which is idle now; each tool's CPU and the origin's are read in the middle of
 * every window, paired with the origin's own count, which no tool has a say in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openTopology, type Topology, type TopologyShared } from '#bench/lab/topology.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import { outsideTools, runTool, versionOf } from '#bench/load/other-tools/run.ts';
import type { OutsideTool } from '#bench/load/other-tools/tool.ts';
import type { SecondOpinionRecord } from '#bench/model/record.ts';
import type { Traffic } from '#bench/model/scenario.ts';
import { bytes, epochMillis, millis } from '#bench/model/units.ts';
import { watchHost } from '#bench/probes/host-share.ts';
import { takeSnapshot } from '#bench/probes/snapshot.ts';
import { explain } from '#bench/model/errors.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';

export type Target = Omit<SecondOpinionRecord['targets'][number], 'tools'> & { readonly bodyBytes: number };
type Window = SecondOpinionRecord['targets'][number]['tools'][number]['windows'][number];

export const TARGETS: readonly Target[] = [
  { name: 'rate set by the target', path: '/exactly/5', connections: 10, setBy: 'target', bodyBytes: 8 },
  { name: 'saturated', path: '/bytes/200', connections: 64, setBy: 'cost', bodyBytes: 200 },
];
const ROUNDS = 3;
/** Seconds; the least that all tools know. */
const WINDOW = 1;
const WARMUP = 200;
const LEAD = 80;
/** Milliseconds from the first answer to the reading, and its length: within the window of each tool. */
const READING = { after: 150, lasts: 600 };
const POLL = 10;
const FIRST_ANSWER = 10_000;

/** Milliseconds that all of it takes, about. */
export const OTHERS_TIME = millis(TARGETS.length * ROUNDS * (outsideTools.length + 1) * 1_500);

export interface OthersContext extends TopologyShared {
  readonly pool: LoadPool;
  readonly seed: number;
  /** Version of ours. */
  readonly hopcost: string;
}

/** One that can be asked for a window: resolves to what it says, and tells whose CPU is its. */
interface Contestant {
  readonly tool: string;
  readonly version: string;
  run(target: Target, topology: Topology, signal: AbortSignal): { pid: number; rate: Promise<Said> };
}
type Said = Pick<Window, 'rate' | 'failed'>;

/** What is asked of whom; all of it by default. */
export interface OthersPlan {
  readonly targets?: readonly Target[];
  readonly rounds?: number;
  readonly tools?: readonly OutsideTool[];
}

/** Never rejects but for an abort: a tool that fails has no rate in that window. */
export async function askOthers(
  context: OthersContext,
  signal: AbortSignal,
  { targets: asked = TARGETS, rounds = ROUNDS, tools = outsideTools }: OthersPlan = {},
): Promise<SecondOpinionRecord> {
  const { pool, seed, certificate } = context;
  const placement = { ...context.placement, origin: context.placement.proxy };
  const scenario = { origin: 'http-fixed', traffic: get({ path: '/', bodyBytes: 8 }) };
  await pool.ready();
  const { contestants, missing } = await whoIsThere(tools, context, signal);
  await using topology = await openTopology({ placement, certificate, scenario, concurrency: 1 }, signal);

  const host = watchHost([process.pid], true);
  const random = mulberry32(seed);
  const targets: SecondOpinionRecord['targets'] = [];
  for (const target of asked) {
    const windows = new Map<Contestant, Window[]>(contestants.map((one) => [one, []]));
    for (let round = 0; round < rounds; round++)
      for (const contestant of shuffled(contestants, random))
        windows.get(contestant)!.push({ round, ...(await windowOf(contestant, target, topology, signal)) });
    const { bodyBytes: _, ...rest } = target;
    targets.push({
      ...rest,
      tools: contestants.map((one) => ({ tool: one.tool, version: one.version, windows: windows.get(one)! })),
    });
  }
  const { origin, load } = placement;
  const sharedCores = origin === null || load === null ? placement.shared : origin.some((core) => load.includes(core));
  return { record: 'second-opinion', sharedCores, host: host(), targets, missing };
}

async function whoIsThere(
  tools: readonly OutsideTool[],
  { pool, seed, placement, hopcost }: OthersContext,
  signal: AbortSignal,
) {
  const found = await Promise.all(tools.map(async (tool) => ({ tool, version: await versionOf(tool, signal) })));
  const theirs = found.flatMap(({ tool, version: installed }): Contestant[] =>
    installed === undefined
      ? []
      : [
          {
            tool: tool.name,
            version: installed,
            run({ path, connections }, { target }, until) {
              const job = { ...target, path, connections, seconds: WINDOW, threads: placement.loadWorkers };
              const { pid, result } = runTool(tool, job, placement.load, until);
              return {
                pid,
                rate: result.then(({ requests, seconds, failed }) => ({ rate: requests / seconds, failed })),
              };
            },
          },
        ],
  );
  const missing = found.flatMap(({ tool: { name, install }, version: installed }) =>
    installed === undefined ? [{ tool: name, install }] : [],
  );
  return { contestants: [ours(pool, seed, hopcost), ...theirs], missing };
}

const ours = (pool: LoadPool, seed: number, hopcost: string): Contestant => ({
  tool: 'http1',
  version: hopcost,
  run(target, topology, signal) {
    const job = pool.run(
      {
        driver: 'http1',
        target: topology.target,
        traffic: get(target),
        loop: { kind: 'closed', connections: target.connections },
        seed,
        startAt: epochMillis(performance.timeOrigin + performance.now() + LEAD),
        warmup: millis(WARMUP),
        window: millis(WINDOW * 1_000),
        timeouts: { connect: millis(5_000), response: millis(10_000) },
      },
      signal,
    );
    const rate = job.result.then(({ requests, window, errors }) => ({
      rate: requests / (window / 1_000),
      failed: Object.values(errors).reduce((a, b) => a + b, 0),
    }));
    return { pid: process.pid, rate };
  },
});

async function windowOf(
  contestant: Contestant,
  target: Target,
  topology: Topology,
  signal: AbortSignal,
): Promise<Omit<Window, 'round'>> {
  const nothing = { counted: null, cpuPerRequest: null, originCpuPerRequest: null };
  const ending = new AbortController();
  const { pid, rate } = contestant.run(target, topology, signal);
  rate.catch(() => {}).finally(() => ending.abort());
  const reading = await readMiddle(pid, topology.origin, AbortSignal.any([signal, ending.signal])).catch(() => nothing);
  try {
    return { ...(await rate), ...reading };
  } catch (error) {
    signal.throwIfAborted();
    return { rate: null, failed: 0, ...nothing, error: explain(error) };
  }
}

/** Rejects where the load ended before the reading did. */
async function readMiddle(
  pid: number,
  origin: Topology['origin'],
  signal: AbortSignal,
): Promise<Pick<Window, 'counted' | 'cpuPerRequest' | 'originCpuPerRequest'>> {
  const idle = await origin.counters();
  const latest = performance.now() + FIRST_ANSWER;
  while ((await origin.counters()).requests === idle.requests && performance.now() < latest)
    await sleep(POLL, undefined, { signal });
  await sleep(READING.after, undefined, { signal });
  const from = await momentOf(pid, origin);
  await sleep(READING.lasts, undefined, { signal });
  const to = await momentOf(pid, origin);
  const requests = to.requests - from.requests;
  return {
    counted: requests / ((to.at - from.at) / 1_000),
    cpuPerRequest: requests > 0 ? (to.tool - from.tool) / requests : null,
    originCpuPerRequest: requests > 0 ? (to.origin - from.origin) / requests : null,
  };
}

async function momentOf(pid: number, origin: Topology['origin']) {
  const cpuOf = (pids: readonly number[]): number =>
    [...takeSnapshot({ pids, descendants: pids[0] !== process.pid, completed: () => 0 }).tasks.values()].reduce(
      (sum, { cpu }) => sum + cpu / 1e3,
      0,
    );
  const { requests } = await origin.counters();
  return { at: performance.now(), requests, tool: cpuOf([pid]), origin: cpuOf(origin.pids) };
}

const get = ({ path, bodyBytes }: Pick<Target, 'path' | 'bodyBytes'>): Traffic => ({
  kind: 'http',
  request: { method: 'GET', path, headers: [], bodyBytes: bytes(0) },
  expect: { status: 200, bodyBytes: bytes(bodyBytes) },
  connection: 'keep-alive',
  tls: 'none',
});
