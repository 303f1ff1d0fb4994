/**
 * Does a measurement that something else spoils say so, and claim nothing? One thing at a time is spoiled on purpose, live: the
 * generator's core, the origin, the whole host. Each must end in a verdict that names it, or in an invalid trial, and in no capacity of
 * the subject's. The same scenario with nothing spoiled comes first, lest a verdict that never claims anything should pass.
 */
import { availableParallelism } from 'node:os';
import { analyseScenario } from '#bench/analysis/scenarios/scenario-analysis.ts';
import { figuresOf } from '#bench/analysis/figures/figures.ts';
import { percent } from '#bench/analysis/words/quantity.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import type { Bound, Placement, TrialRecord } from '#bench/model/record.ts';
import { hopName, type Loop, type Scenario, type Subject, subjectName } from '#bench/model/scenario.ts';
import { bytes, perSecond } from '#bench/model/units.ts';
import type { WarningCode } from '#bench/model/warning.ts';
import { settle } from '#scripts/run/settings.ts';
import { runTrial } from '#bench/run/window.ts';
import { startBurners } from './burners.ts';
import { subjectRecord } from '#test/bench/subject-record.ts';

interface Spoiled {
  readonly name: string;
  readonly subject: Subject;
  readonly scenario: (plain: Scenario) => Scenario;
  /** Cores on which a burner runs. */
  readonly burners: (placement: Placement) => readonly number[];
  /** Where origin and generator must not meet, if what one does is to be told from the other. */
  readonly apart: boolean;
  /** What may have bound it, or made it invalid. */
  readonly bounds: readonly Bound[];
  readonly codes: readonly WarningCode[];
}

export interface Told {
  readonly name: string;
  readonly trial: TrialRecord;
  /** Whether the analysis gives a measured capacity. */
  readonly claims: boolean;
  readonly holds: boolean;
}

const direct: Subject = { kind: 'direct' };
const proxied: Subject = { kind: 'proxy', name: 'l7-http' };
const asItIs = (scenario: Scenario): Scenario => scenario;
const nobody = (): readonly number[] => [];
const coresOf = (cores: readonly number[] | null): readonly number[] => cores ?? [];

/** An origin that burns so many microseconds of its CPU for every request. */
const dear =
  (micros: number) =>
  (plain: Scenario): Scenario => ({
    ...plain,
    traffic: {
      kind: 'http',
      request: { method: 'GET', path: `/burn/${micros}`, headers: [], bodyBytes: bytes(0) },
      expect: { status: 200, bodyBytes: bytes(8) },
      connection: 'keep-alive',
      tls: 'none',
    },
    loop: { kind: 'closed', connections: 8 },
  });
/** At a rate that the proxy carries with ease, so that only the generator's own lag can spoil it. */
const paced = (plain: Scenario): Scenario => ({
  ...plain,
  loop: { kind: 'open', connections: 32, offered: perSecond(2_000), arrivals: 'uniform' },
});

/** Codes that say of any trial that the host was not its own. */
const HOST: readonly WarningCode[] = ['steal'];

const SPOILED: readonly Spoiled[] = [
  {
    name: 'a generator starved by a burner on its core, direct',
    subject: direct,
    scenario: asItIs,
    burners: ({ load }) => coresOf(load),
    apart: true,
    bounds: ['generator', 'host'],
    codes: [...HOST, 'direct-drifted'],
  },
  {
    name: 'a generator starved by a burner on its core, through a proxy',
    subject: proxied,
    scenario: asItIs,
    burners: ({ load }) => coresOf(load),
    apart: false,
    bounds: ['generator', 'host'],
    codes: HOST,
  },
  {
    name: 'a generator starved by a burner on its core, open loop',
    subject: proxied,
    scenario: paced,
    burners: ({ load }) => coresOf(load),
    apart: false,
    // The rate may be carried all the same: then nothing was bound, and nothing is claimed of capacity.
    bounds: ['generator', 'host', 'none'],
    codes: [...HOST, 'schedule-lag'],
  },
  {
    name: 'an origin that burns CPU for every request',
    subject: proxied,
    scenario: dear(400),
    burners: nobody,
    apart: false,
    bounds: ['origin', 'host'],
    codes: HOST,
  },
  {
    name: 'a host with a burner on every core',
    subject: proxied,
    scenario: asItIs,
    burners: () => Array.from({ length: availableParallelism() }, (_, core) => core),
    apart: false,
    bounds: ['host', 'generator', 'origin'],
    codes: HOST,
  },
];

/** Much longer than a trial takes. */
const BURNERS_END = 30_000;
/** A burner at this priority leaves little of the core to anybody else. */
const BURNER_NICE = -10;

export async function verdicts(
  { seed }: { readonly seed: number },
  signal: AbortSignal,
  told: (line: string) => void,
): Promise<{ readonly plain: TrialRecord; readonly claims: boolean; readonly spoiled: readonly Told[] }> {
  const settings = await settle(
    { preset: 'standard', proxies: 'l7-http', scenarios: 'http-small', seed: String(seed) },
    {},
  );
  const placement = planPlacement(readCores());
  if (placement.proxy === null || placement.shared)
    throw new Error('this proof pins processes to two cores or more; this host has fewer, or no taskset');
  using _pinned = pinSelf(placement.load);
  const certificate = createCertificate();
  await using pool = createLoadPool({ workers: placement.loadWorkers });
  const trialOf = (subject: Subject, scenario: Scenario, where: Placement): Promise<TrialRecord> =>
    runTrial(
      { scenario, subject, generation: 0, position: 0 },
      scenario.loop as Loop,
      { settings, pool, placement: where, certificate },
      signal,
    );

  const scenario = settings.scenarios[0]!;
  const plain = await trialOf(proxied, scenario, placement);
  told(`nothing spoiled: ${describe(plain)}`);
  const spoiled: Told[] = [];
  for (const one of SPOILED) {
    const changed = one.scenario(scenario);
    const where = one.apart ? { ...placement, origin: placement.proxy } : placement;
    await using _burning = await startBurners(
      { cores: one.burners(placement), nice: BURNER_NICE, most: BURNERS_END },
      signal,
    );
    const trial = await trialOf(one.subject, changed, where);
    const claims = claimsCapacity(changed, one.subject, trial);
    const named =
      trial.state === 'completed'
        ? one.bounds.includes(trial.bound)
        : trial.state === 'invalid' && trial.reasons.every(({ code }) => one.codes.includes(code));
    spoiled.push({ name: one.name, trial, claims, holds: named && !claims });
    told(`${one.name}: ${describe(trial)}`);
  }
  return { plain, claims: claimsCapacity(scenario, proxied, plain), spoiled };
}

/** Through the analysis that every report is rendered from. */
export function claimsCapacity(scenario: Scenario, subject: Subject, trial: TrialRecord): boolean {
  const record = subjectRecord(hopName(subject), { subject });
  const { subjects } = analyseScenario(scenario, { subjects: [record], trials: [trial] }, (_, name) =>
    name === subjectName(subject) ? figuresOf([trial], scenario) : new Map(),
  );
  return subjects[0]?.capacity?.kind === 'measured';
}

export function describe(trial: TrialRecord): string {
  switch (trial.state) {
    case 'failed':
      return `failed: ${trial.error.message}`;
    case 'invalid':
      return `invalid: ${trial.reasons.map(({ code, message }) => `${code} (${message})`).join('; ')}`;
    case 'completed': {
      const { proxy, origin, generator, host } = trial.probes;
      const parties = Object.entries({ ...(proxy && { proxy }), ...(origin && { origin }), generator });
      const shares = parties.map(
        ([party, { cpuShare, demand = 0 }]) => `${party} ${percent(cpuShare)} of ${percent(demand)} asked for`,
      );
      const codes = trial.warnings.map(({ code }) => code).join(', ');
      return `bound by ${trial.bound}; ${shares.join(', ')}; others ${percent(host.foreign)}; ${codes}`;
    }
  }
}
