/** Runs the suite over one proxy: cases of one setup share a topology and follow each other, setups run side by side. */
import type { ProxyDefinition } from '#proxies/contract.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { Bench } from './bench.ts';
import { cases as allCases } from './cases/registry.ts';
import type { ConformanceCase, Outcome } from './contract.ts';
import { deviationOf, type Deviation, knownDeviations } from './deviations/known.ts';
import type { RuleId } from './rules.ts';
import type { Materials, Setup } from './setups.ts';
import { type Launch, openStage, type Stage } from './stage.ts';
import { NotApplicable, Violation } from './violation.ts';

export interface Verdict {
  readonly rule: RuleId;
  readonly name: string;
  /** 'deviating': failed as expected, `reason` says why that is let be. 'healed': expected to fail and did not. */
  readonly state: 'passed' | 'failed' | 'deviating' | 'healed' | 'skipped';
  readonly sent?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly reason?: string;
  readonly millis: number;
}

export interface ConformanceOptions {
  readonly cases?: readonly ConformanceCase[];
  readonly launch?: Launch;
  /** Only cases marked so, each with a few cuts. */
  readonly quick?: boolean;
  readonly seed?: number;
  /** Setups at a time; 4 by default. */
  readonly concurrency?: number;
  /** Those that are known of its maker where absent. */
  readonly deviations?: readonly Deviation[];
  /** Milliseconds that no case may exceed, whatever its deadline. */
  readonly patience?: number;
  readonly materials?: Materials;
}

const DEADLINE = 5_000;
/** A known deviation is not waited for longer than it takes to see that it still is one. */
const DEVIATION_DEADLINE = { quick: 250, whole: 1_000 } as const;

export const createMaterials = (): Materials => ({ certificate: createCertificate(), stranger: createCertificate() });

/** What all cases of one run of the suite have in common. */
interface Suite {
  readonly definition: ProxyDefinition;
  readonly materials: Materials;
  readonly launch: Launch;
  readonly quick: boolean;
  readonly seed: number;
  readonly patience: number;
  readonly deviations: readonly Deviation[];
  readonly signal: AbortSignal;
}

/** One verdict a case, in the order of the cases. Rejects only for an abort of `signal`. */
export async function runConformance(
  definition: ProxyDefinition,
  options: ConformanceOptions,
  signal: AbortSignal,
): Promise<Verdict[]> {
  const { cases = allCases, concurrency = 4 } = options;
  const suite: Suite = {
    definition,
    materials: options.materials ?? createMaterials(),
    launch: options.launch ?? { kind: 'here' },
    quick: options.quick ?? false,
    seed: options.seed ?? 1,
    patience: options.patience ?? Infinity,
    deviations: options.deviations ?? knownDeviations(definition.family),
    signal,
  };
  const chosen = cases.filter((each) => concerns(each, definition) && (!suite.quick || each.quick === true));
  const verdicts = new Map<ConformanceCase, Verdict>();
  const groups = Map.groupBy(
    chosen.filter((each) => {
      const missing = (each.needs ?? []).filter((capability) => !definition.capabilities.has(capability));
      if (missing.length === 0) return true;
      verdicts.set(each, verdictOf(suite, each, skipped(`it has no '${missing.join("', '")}'`), 0));
      return false;
    }),
    ({ setup }) => setup,
  );
  const queue = [...groups].toSorted(([, a], [, b]) => b.length - a.length);
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      for (const [each, verdict] of await runGroup(suite, ...next)) verdicts.set(each, verdict);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return chosen.map((each) => verdicts.get(each)!);
}

/** A UDP relay and a forward proxy are asked in another way than all others: only what is about them concerns them. */
function concerns({ layer, needs = [] }: ConformanceCase, { layer: own, capabilities }: ProxyDefinition): boolean {
  if (layer !== own) return false;
  return (['udp', 'connect'] as const).every((special) => !capabilities.has(special) || needs.includes(special));
}

async function runGroup(
  suite: Suite,
  setup: Setup,
  group: readonly ConformanceCase[],
): Promise<[ConformanceCase, Verdict][]> {
  const { signal } = suite;
  const verdicts: [ConformanceCase, Verdict][] = [];
  let stage: Stage | undefined;
  try {
    for (const each of group) {
      signal.throwIfAborted();
      const started = performance.now();
      let outcome: Outcome;
      try {
        stage ??= await openStage(suite, setup, signal);
        for (const origin of stage.origins) origin.settle();
        outcome = await runCase(suite, each, stage);
      } catch (error) {
        signal.throwIfAborted();
        outcome = outcomeOf(error, 'the start of the proxy', 'a listener');
      }
      const died = stage?.died();
      if (died !== undefined) outcome = { state: 'failed', sent: '', expected: 'a proxy that lives on', got: died };
      verdicts.push([each, verdictOf(suite, each, outcome, performance.now() - started)]);
      if (stage === undefined || outcome.state !== 'failed') continue;
      if (died === undefined && !stage.origins.some((origin) => origin.busy)) continue;
      // It is gone, or something of this case is still under way: the next begins with a proxy that knows nothing of it.
      await stage[Symbol.asyncDispose]();
      stage = undefined;
    }
    return verdicts;
  } finally {
    await stage?.[Symbol.asyncDispose]();
  }
}

function deadlineOf({ definition, deviations, quick, patience }: Suite, each: ConformanceCase): number {
  const isKnown = deviationOf(definition.name, each, deviations) !== undefined;
  return Math.min(isKnown ? DEVIATION_DEADLINE[quick ? 'quick' : 'whole'] : (each.deadline ?? DEADLINE), patience);
}

async function runCase(suite: Suite, each: ConformanceCase, stage: Stage): Promise<Outcome> {
  const { materials, quick, seed, signal } = suite;
  const deadline = deadlineOf(suite, each);
  const late = new AbortController();
  const within = AbortSignal.any([signal, late.signal]);
  await using bench = new Bench({ ...stage, setup: each.setup, materials, quick, seed, signal: within });
  const elapsed = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const violation = new Violation(
      '',
      `an end within ${deadline} ms`,
      `none; on its connections: ${bench.describe()}`,
    );
    late.abort(violation);
    elapsed.reject(violation);
  }, deadline);
  try {
    await Promise.race([each.run(bench), elapsed.promise]);
    return { state: 'passed' };
  } catch (error) {
    signal.throwIfAborted();
    clearTimeout(timer);
    // What it sent may still be on its way: the next case must not find it at its origin.
    if (!(error instanceof NotApplicable)) await bench.fence().catch(() => {});
    return outcomeOf(error, '', 'no error');
  } finally {
    clearTimeout(timer);
  }
}

const skipped = (reason: string): Outcome => ({ state: 'skipped', reason });

function outcomeOf(error: unknown, sent: string, expected: string): Outcome {
  if (error instanceof NotApplicable) return skipped(error.message);
  if (error instanceof Violation)
    return { state: 'failed', sent: error.sent, expected: error.expected, got: error.got };
  return { state: 'failed', sent, expected, got: error instanceof Error ? error.message : String(error) };
}

function verdictOf(
  { definition, deviations }: Suite,
  { rule, name }: ConformanceCase,
  outcome: Outcome,
  millis: number,
): Verdict {
  const deviation = deviationOf(definition.name, { rule, name }, deviations);
  const base = { rule, name, millis: Math.round(millis) };
  if (outcome.state === 'skipped') return { ...base, ...outcome };
  const { reason } = deviation ?? {};
  if (outcome.state === 'passed')
    return { ...base, state: deviation && !deviation.unsteady ? 'healed' : 'passed', ...(reason && { reason }) };
  return { ...base, ...outcome, ...(deviation && { state: 'deviating', reason: deviation.reason }) };
}
