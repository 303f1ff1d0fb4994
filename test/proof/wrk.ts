/**
 * Do ratios of CPU per request hold when somebody else drives the load and something else reads the CPU? The same proxies under `wrk`,
 * visited in turn by this file alone: a second each, in random order, CPU from /proc/PID/task/TID/schedstat as the kernel counts it.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { openTopology, type Topology } from '#bench/lab/topology.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import { toSubject } from '#bench/plan/generations.ts';
import { definitionOf } from '#bench/run/spec.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { type Laboratory, logRatio, openLaboratory } from './laboratory.ts';

const PROXIES = 'l4-tcp,l7-http,haproxy-tcp,haproxy-http,nginx-stream,nginx-http';
/** What all are set against. */
const REFERENCE = 'l7-http';
const GENERATIONS = 4;
/** Turns of hopcost's in a generation, and visits of wrk's. */
const ROUNDS = { turns: 12, visits: 4 };
/** Share by which a ratio of the one may differ from the other's. */
export const WITHIN = 0.03;

/** Ratios of CPU per request to the reference's. */
export interface Agreed {
  readonly subject: string;
  readonly hopcost: number;
  readonly wrk: number;
}

export const differs = ({ hopcost, wrk }: Agreed): number => hopcost / wrk - 1;

export async function againstWrk(seed: number, signal: AbortSignal, told: (line: string) => void): Promise<Agreed[]> {
  await using laboratory = await openLaboratory(PROXIES, seed);
  const random = mulberry32(seed);
  const subjects = laboratory.settings.subjects.filter(({ layer }) => layer !== 'direct').map(toSubject);
  const found = new Map<string, { readonly hopcost: number[]; readonly wrk: number[] }>();
  const keep = (subject: string, by: 'hopcost' | 'wrk', value: number): void => {
    const own = found.get(subject) ?? { hopcost: [], wrk: [] };
    own[by].push(value);
    found.set(subject, own);
  };
  for (let number = 0; number < GENERATIONS; number++) {
    const trials = await laboratory.generation(subjects, { number, rounds: ROUNDS.turns }, signal);
    for (const [subject, trial] of trials) keep(subject, 'hopcost', logRatio(trial, trials.get(REFERENCE)!));
    for (const visit of await visits(laboratory, subjects.map(subjectName), random, signal))
      for (const [subject, cost] of visit) keep(subject, 'wrk', Math.log(cost / visit.get(REFERENCE)!));
    told(`generation ${number + 1} of ${GENERATIONS}`);
  }
  return [...found].map(([subject, { hopcost, wrk }]) => ({
    subject,
    hopcost: Math.exp(hodgesLehmann(hopcost).value),
    wrk: Math.exp(hodgesLehmann(wrk).value),
  }));
}

/** Rounds of microseconds of CPU per request, by subject; all of them alive at once. */
async function visits(
  { settings, scenario, places }: Laboratory,
  names: readonly string[],
  random: () => number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>[]> {
  await using scope = new AsyncDisposableStack();
  const open = new Map<string, Topology>();
  for (const name of names) {
    const definition = definitionOf(settings, name)!;
    open.set(name, scope.use(await openTopology({ ...places, scenario, definition, concurrency: 1 }, signal)));
  }
  const rounds: Map<string, number>[] = [];
  // The first finds processes that are not warm, and counts in nothing.
  for (let round = 0; round <= ROUNDS.visits; round++) {
    const costs = new Map<string, number>();
    for (const name of shuffled(names, random))
      costs.set(name, await visit(open.get(name)!, scenario, places.placement.load!, signal));
    if (round > 0) rounds.push(costs);
  }
  return rounds;
}

/** Microseconds of CPU that one second of wrk's load costs the proxy, a request. */
async function visit(
  { target, proxy }: Topology,
  { traffic, loop }: Laboratory['scenario'],
  cores: readonly number[],
  signal: AbortSignal,
): Promise<number> {
  if (traffic.kind !== 'http') throw new Error('wrk speaks HTTP');
  const before = used(proxy!.pids);
  const url = `http://${target.host}:${target.port}${traffic.request.path}`;
  const command = ['-c', cores.join(','), 'wrk', '-t1', `-c${loop.connections}`, '-d1s', url];
  const { stdout } = await promisify(execFile)('taskset', command, { signal });
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || /Socket errors|Non-2xx/.test(stdout))
    throw new Error(`wrk did not count as expected:\n${stdout}`);
  return (used(proxy!.pids) - before) / requests;
}

/** Microseconds of CPU time of these processes and all that they have started, with all of their threads. */
function used(pids: readonly number[]): number {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = Number(/\) \S (\d+)/.exec(textOf(`/proc/${entry}/stat`))?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const all = [...pids];
  for (const pid of all) all.push(...(children.get(pid) ?? []).filter((child) => !all.includes(child)));
  return all
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => textOf(`/proc/${pid}/task/${task}/schedstat`)))
    .reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e3, 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
