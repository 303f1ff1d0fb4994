/** What proofs that measure by themselves have in common: one scenario, its subjects, and the places where they run. */
import { keepAwake } from '#bench/lab/awake.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import type { CompletedTrial } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { type GenerationPlan, runGeneration } from '#bench/run/generation.ts';
import { definitionOf, type Settings } from '#bench/run/spec.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { settle } from '#scripts/run/settings.ts';

export interface Laboratory extends AsyncDisposable {
  readonly settings: Settings;
  readonly scenario: Scenario;
  readonly places: {
    readonly placement: ReturnType<typeof planPlacement>;
    readonly certificate: ReturnType<typeof createCertificate>;
  };
  /** Records of one generation of `subjects`, by the name of the subject. */
  generation(
    subjects: readonly PlannedTrial['subject'][],
    plan: Omit<GenerationPlan, 'trials'> & { readonly number: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, CompletedTrial>>;
}

/** `proxies`: as `--proxies` takes them. */
export async function openLaboratory(proxies: string, seed: number): Promise<Laboratory> {
  const settings = await settle({ preset: 'standard', proxies, scenarios: 'http-small', seed: String(seed) }, {});
  const scenario = settings.scenarios[0]!;
  const placement = planPlacement(readCores());
  if (placement.proxy === null || placement.shared)
    throw new Error('this proof pins processes to two cores or more; this host has fewer, or no taskset');
  const certificate = createCertificate();
  await using scope = new AsyncDisposableStack();
  scope.use(keepAwake());
  scope.use(pinSelf(placement.load));
  const pool = scope.use(createLoadPool({ workers: placement.loadWorkers }));
  await pool.ready();
  const kept = scope.move();
  return {
    settings,
    scenario,
    places: { placement, certificate },
    async generation(subjects, { number, ...plan }, signal) {
      const trials = subjects.map((subject, position) => ({ scenario, subject, generation: number, position }));
      const context = {
        placement,
        certificate,
        pool,
        seed,
        definitionOf: (name: string) => definitionOf(settings, name),
        subjects: [],
        rates: new Map(),
      };
      const records = await runGeneration({ trials, ...plan }, context, signal);
      return new Map(
        records.map((record) => {
          if (record.state === 'completed') return [subjectName(record.subject), record];
          const why = record.state === 'failed' ? record.error.message : record.reasons[0].message;
          throw new Error(`${subjectName(record.subject)} was not measured: ${why}`);
        }),
      );
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** ln of what a request costs the one over what it costs the other: a robust mean over the rounds of a generation. */
export function logRatio(subject: CompletedTrial, reference: CompletedTrial): number {
  const cost = ({ cpu, answered }: NonNullable<CompletedTrial['turns']>[number]): number =>
    Math.log(cpu.proxy! / answered);
  const others = new Map(reference.turns?.map((turn) => [turn.round, cost(turn)]));
  return hodgesLehmann((subject.turns ?? []).map((turn) => cost(turn) - others.get(turn.round)!)).value;
}
