/** `hopcost gate --baseline FILE`: head measured as the stored run was, and judged against its records. */
import { relative } from 'node:path';
import { USUAL_REFERENCE } from '#bench/analysis/scenarios/roles.ts';
import { baselineRevision, judgeBaseline } from '#bench/gate/baseline.ts';
import type { Budget } from '#bench/gate/budget.ts';
import { judgeBudgets } from '#bench/gate/budgets.ts';
import { judgeGate } from '#bench/gate/judge.ts';
import type { GateResult, Revision } from '#bench/gate/result.ts';
import { rulesWith } from '#bench/gate/rules.ts';
import { millis } from '#bench/model/units.ts';
import { hopName } from '#bench/model/scenario.ts';
import { type BenchConfig, forGate } from '../config.ts';
import { UsageError } from '#bench/model/errors.ts';
import { readNamedRun, readRun } from '../run/read.ts';
import { runBench } from '#bench/run/bench.ts';
import { type BenchFlags, settle } from '../run/settings.ts';
import { surroundings } from '../run/surroundings.ts';

export interface BaselinePlan {
  /** A run's folder, or its `trials.ndjson`. */
  readonly file: string;
  readonly flags: BenchFlags;
  readonly config: BenchConfig;
  readonly budgets: readonly Budget[];
  /** The proxy that all others are divided by; a fitting one where absent. */
  readonly yardstick?: string | undefined;
  /** What was in the working tree before anything was written to it. */
  readonly head: Revision;
}

export async function gateAgainstBaseline(
  { file, flags, config, budgets, yardstick, head }: BaselinePlan,
  signal: AbortSignal,
): Promise<{ readonly result: GateResult; readonly interrupted: boolean }> {
  const since = performance.now();
  const baseline = await readNamedRun(file);
  const { run, subjects } = baseline;
  if (run.preset === 'gate')
    throw new UsageError(
      `${file} is a gate's run, whose revisions shared a core; expected records of \`hopcost bench\` as the baseline`,
    );
  const names = [...new Set(subjects.map(({ subject }) => hopName(subject)))].filter((name) => name !== 'direct');
  const settled = await settle(
    {
      proxies: names.join(','),
      scenarios: run.scenarios.map(({ name }) => name).join(','),
      generations: String(run.rounds),
      ...(run.turns && { rounds: String(run.turns.rounds) }),
      duration: `${run.window}ms`,
      ...flags,
      preset: 'standard',
    },
    forGate(config),
  );
  refuseAlone(
    file,
    settled.proxies.map(({ name }) => name).filter((name) => names.includes(name)),
  );
  // As the stored run was measured, and nothing that the comparison does not need.
  const settings = {
    ...settled,
    preset: 'baseline',
    warmup: millis(run.warmup),
    micro: millis(0),
    calibrate: 'none' as const,
  };
  const { directory, interrupted } = await runBench(settings, surroundings(), signal);
  const records = await readRun(directory);
  const rules = rulesWith(config.gate?.effects);
  const verdict = judgeBaseline(baseline, records, { rules, yardstick });
  if (verdict.kind === 'refused')
    throw new UsageError(
      `${file} cannot be the baseline of this run: ${verdict.reason}; compare with --base REF instead`,
    );
  const result = judgeGate({
    records,
    directory: relative(process.cwd(), directory) || '.',
    mode: { kind: 'baseline', file, yardsticks: verdict.yardsticks },
    base: baselineRevision(baseline, file),
    head,
    planned: settings.generations,
    looks: 1,
    budgets: judgeBudgets(budgets, records),
    notes: [
      ...(interrupted ? ['the gate was interrupted: what was measured until then is judged, and may not suffice'] : []),
      ...verdict.notes,
    ],
    seconds: (performance.now() - since) / 1_000,
    metrics: verdict.metrics,
    state: verdict.state,
    rules,
  });
  return { result, interrupted };
}

/** Before anything is measured: a proxy by itself cannot be told from the host. Throws `UsageError`. */
function refuseAlone(file: string, common: readonly string[]): void {
  if (common.length > 1) return;
  const has = common.length === 0 ? 'no proxy' : `${common[0]} alone`;
  throw new UsageError(
    `${file} and this run have ${has} in common, and nothing that took its turns with it would tell the host’s drift from a change: measure a baseline that has ${USUAL_REFERENCE} as well (\`hopcost bench --proxies ${USUAL_REFERENCE},…\`), or compare with --base REF`,
  );
}
