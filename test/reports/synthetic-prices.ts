/** A price list that nobody measured: known costs, with what all subjects of a round have in common, and noise of their own. */
import type { CompletedTrial, RunRecords, SubjectRecord, TrialRecord, Turn } from '#bench/model/record.ts';
import type { Scenario, Subject } from '#bench/model/scenario.ts';
import { micros, millis, perSecond } from '#bench/model/units.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { syntheticRun } from './synthetic-run.ts';

/** Microseconds per request. */
export interface PriceTruth {
  readonly proxy: string;
  readonly filter: string;
  readonly hop: number;
  readonly added: number;
  readonly elsewhere?: number;
  /** 'refused': a check failed. 'failed': its trials did. */
  readonly state?: 'refused' | 'failed';
}

const ORIGIN = 9;
const ANSWERS = 1_000;

const priceScenario = (filter: string): Scenario => ({
  ...SCENARIOS.find(({ name }) => name === 'http-small')!,
  name: `price-${filter}`,
  summary: `what ${filter} does`,
  axis: 'filter',
  role: undefined,
  prices: filter,
});

export function syntheticPrices(
  truths: readonly PriceTruth[],
  { generations = 5, rounds = 6, noise = 0.02, drift = 0.5, seed = 1 } = {},
): RunRecords {
  const base = syntheticRun({ rounds: 1, scenarios: ['http-small'], mishaps: false, micro: false });
  const completed = base.trials.find(
    (trial): trial is CompletedTrial => trial.state === 'completed' && trial.subject.kind === 'proxy',
  )!;
  const template = base.subjects.find(({ layer }) => layer === 'l7')!;
  const random = mulberry32(seed);
  const wobble = (): number => 1 + noise * (2 * random() - 1);
  const record = (subject: Subject, state?: PriceTruth['state']): SubjectRecord => ({
    ...template,
    subject,
    family: subject.kind === 'proxy' ? subject.name : 'direct',
    preflight: [{ rule: 'it is at work', passed: state !== 'refused', detail: state === 'refused' ? 'it is not' : '' }],
  });
  const trial = (truth: PriceTruth, subject: Subject, generation: number, hosts: readonly number[]): TrialRecord => {
    const isFiltered = subject.kind === 'proxy' && subject.filter !== undefined;
    const { hop, added, elsewhere = 0, filter } = truth;
    const id = { ...completed, scenario: `price-${filter}`, subject, generation, cohort: 0 };
    if (isFiltered && truth.state === 'failed') {
      const { load: _l, probes: _p, turns: _t, bound: _b, warnings: _w, ...rest } = id;
      return { ...rest, state: 'failed', error: { code: 'ERR', message: 'it fell over' } };
    }
    const turns = hosts.map((host, round): Turn => ({
      round,
      at: millis(round * 200),
      took: millis(60),
      answered: ANSWERS,
      failed: 0,
      rate: perSecond(20_000),
      cpu: {
        proxy: micros((hop + (isFiltered ? added : 0)) * host * wobble() * ANSWERS),
        origin: micros((ORIGIN + (isFiltered ? elsewhere : 0)) * host * wobble() * ANSWERS),
        generator: micros(10 * ANSWERS),
      },
      service: {},
    }));
    return { ...id, turns };
  };
  const trials = Array.from({ length: generations }, (_, generation) =>
    truths
      .filter(({ state }) => state !== 'refused')
      .flatMap((truth) => {
        // What the host does in a round meets both alike.
        const hosts = Array.from({ length: rounds }, () => 1 + drift * random());
        const bare: Subject = { kind: 'proxy', name: truth.proxy };
        return [bare, { ...bare, filter: truth.filter }].map((subject) => trial(truth, subject, generation, hosts));
      }),
  ).flat();
  const proxies = [...new Set(truths.map(({ proxy }) => proxy))];
  const filters = [...new Set(truths.map(({ filter }) => filter))];
  const { search: _search, ...run } = base.run;
  return {
    run: { ...run, rounds: generations, scenarios: filters.map(priceScenario) },
    subjects: [
      ...proxies.map((name) => record({ kind: 'proxy', name })),
      ...truths.map(({ proxy: name, filter, state }) => record({ kind: 'proxy', name, filter }, state)),
    ],
    trials,
    micro: [],
    ...(base.end && { end: base.end }),
  };
}
