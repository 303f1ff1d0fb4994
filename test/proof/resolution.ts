/**
 * Does the default rule see what is there, and nothing else? The L7 reference against itself (A/A), and against itself with a known share
 * of CPU burnt on every request, all interleaved in the same rounds: whole comparisons of 12 live rounds each, and more drawn from
 * all rounds with replacement.
 */
import { asFamily, compare, type Comparison } from '#bench/analysis/comparison/comparison.ts';
import { METRIC_NAMES, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { type Figures, figuresOf } from '#bench/analysis/figures/figures.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import { type Loop, type Subject, subjectName } from '#bench/model/scenario.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import type { Fault } from '#proxies/config/intent.ts';
import { settle } from '#scripts/run/settings.ts';
import { runTrial } from '#bench/run/window.ts';

export interface ResolutionSize {
  readonly rounds: number;
  readonly draws: number;
  readonly seed: number;
}

/** Rounds of one comparison: the least that the default rule claims anything from. */
const ROUNDS = 12;
/** A comparison with fewer rounds of both sides left is not made. */
const WHOLE = ROUNDS;

interface Arm {
  readonly name: string;
  readonly subject: Subject;
  /** Share of the reference's CPU time that is burnt on top. */
  readonly added: number;
}

const name = 'l7-http';
const reference: Subject = { kind: 'proxy', name, side: 'base' };
const ARMS: readonly Arm[] = [
  { name: 'A/A', subject: { kind: 'proxy', name, side: 'base', again: true }, added: 0 },
  { name: '+10 %', subject: { kind: 'proxy', name, side: 'head' }, added: 0.1 },
  { name: '+3 %', subject: { kind: 'proxy', name, side: 'head', again: true }, added: 0.03 },
];

export interface Tally {
  comparisons: number;
  /** Claimed dearer, claimed cheaper, left open. */
  dearer: number;
  cheaper: number;
  open: number;
  /** Of CPU per request: how far each estimate is from what was added, in percentage points. */
  errors: number[];
}

export interface Resolution {
  readonly rounds: number;
  readonly invalid: number;
  /** A/A over every metric: pairs and how many were called different. */
  readonly pairs: { readonly live: number; readonly different: number };
  readonly live: ReadonlyMap<string, Tally>;
  readonly drawn: ReadonlyMap<string, Tally>;
}

export async function resolution(
  { rounds, draws, seed }: ResolutionSize,
  signal: AbortSignal,
  told: (line: string) => void,
): Promise<Resolution> {
  const settings = await settle({ preset: 'standard', proxies: name, scenarios: 'http-small', seed: String(seed) }, {});
  const scenario = settings.scenarios[0]!;
  const loop = scenario.loop as Loop;
  const placement = planPlacement(readCores());
  using _pinned = pinSelf(placement.load);
  const certificate = createCertificate();
  await using pool = createLoadPool({ workers: placement.loadWorkers });
  const random = mulberry32(seed);
  const trials: TrialRecord[] = [];
  const measure = async (subject: Subject, round: number, fault?: Fault): Promise<TrialRecord> => {
    const planned = { scenario, subject, generation: round, position: trials.length };
    return runTrial(
      planned,
      loop,
      { settings, pool, placement, certificate, ...(fault && { proxy: { fault } }) },
      signal,
    );
  };

  for (let round = 0; round < rounds; round++) {
    const order = shuffled([{ subject: reference, added: 0 }, ...ARMS], random);
    for (const { subject, added } of order)
      trials.push(await measure(subject, round, added > 0 ? { burn: added } : undefined));
    if (round % ROUNDS === ROUNDS - 1) told(`${round + 1} of ${rounds} rounds`);
  }

  const figures = (subject: Subject): Figures =>
    figuresOf(
      trials.filter((trial) => subjectName(trial.subject) === subjectName(subject)),
      scenario,
    );
  const base = figures(reference);
  const live = new Map<string, Tally>();
  const drawn = new Map<string, Tally>();
  let pairs = { live: 0, different: 0 };
  for (const arm of ARMS) {
    const own = figures(arm.subject);
    const usable = [...own.get('cpuPerRequest')!.keys()].filter((round) => base.get('cpuPerRequest')!.has(round));
    const tallied = (tally: Tally, picked: readonly number[]): Comparison[] => {
      const family = compareAll(own, base, picked);
      count(
        tally,
        family.find(({ metric }) => metric === 'cpuPerRequest'),
        arm.added,
      );
      return family;
    };
    const ofLive = emptyTally();
    for (let from = 0; from + WHOLE <= usable.length; from += ROUNDS) {
      const family = tallied(ofLive, usable.slice(from, from + ROUNDS));
      if (arm.added > 0) continue;
      pairs = {
        live: pairs.live + family.length,
        different: pairs.different + family.filter(({ strength }) => strength === 'claim').length,
      };
    }
    const ofDrawn = emptyTally();
    for (let draw = 0; draw < draws; draw++)
      tallied(
        ofDrawn,
        Array.from({ length: ROUNDS }, () => usable[Math.floor(random() * usable.length)]!),
      );
    live.set(arm.name, ofLive);
    drawn.set(arm.name, ofDrawn);
  }
  return { rounds, invalid: trials.filter((trial) => !isCompleted(trial)).length, pairs, live, drawn };
}

const isCompleted = (trial: TrialRecord): trial is CompletedTrial => trial.state === 'completed';

/** Every metric that both have, as one family, over the rounds that were picked; one picked twice counts twice. */
function compareAll(own: Figures, base: Figures, picked: readonly number[]): Comparison[] {
  const pick = (of: Figures, metric: MetricName): Map<number, number> =>
    new Map(
      picked.flatMap((round, i): [number, number][] => {
        const value = of.get(metric)?.get(round);
        return value === undefined ? [] : [[i, value]];
      }),
    );
  const sides = {
    subject: { scenario: 'http-small', subject: 'arm' },
    reference: { scenario: 'http-small', subject: 'reference' },
  };
  const metrics = METRIC_NAMES.filter((metric) => metric !== 'errorShare');
  return asFamily(
    metrics.flatMap(
      (metric) => compare({ metric, kind: 'ratio', ...sides }, pick(own, metric), pick(base, metric)) ?? [],
    ),
  );
}

const emptyTally = (): Tally => ({ comparisons: 0, dearer: 0, cheaper: 0, open: 0, errors: [] });

function count(tally: Tally, comparison: Comparison | undefined, added: number): void {
  if (comparison === undefined) return;
  tally.comparisons += 1;
  const { value } = comparison.estimate;
  if (comparison.strength !== 'claim') tally.open += 1;
  else if (value > 1) tally.dearer += 1;
  else tally.cheaper += 1;
  tally.errors.push((value - 1 - added) * 100);
}
