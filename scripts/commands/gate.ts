/** `hopcost gate`: head against base, measured side by side, and an exit code for CI. */
import { relative } from 'node:path';
import { Command } from 'commander';
import { judgeBudgets } from '#bench/gate/budgets.ts';
import { judgeGate } from '#bench/gate/judge.ts';
import { exitCodeOf, type GateMode, type GateResult } from '#bench/gate/result.ts';
import { LEAST_ROUNDS, ROUNDS, rulesWith } from '#bench/gate/rules.ts';
import { millis } from '#bench/model/units.ts';
import { applies } from '#bench/plan/applies.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { type BenchConfig, forGate, loadConfig } from '../config.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { EXIT } from '../exit.ts';
import { parseDuration, parseInteger } from '../flags.ts';
import { gateAgainstBaseline } from '../gate/against-baseline.ts';
import { keepHistory } from '../gate/keep-history.ts';
import { type GateMeasurement, type GateRun, measureGate, RevisionUnfit } from '#bench/run/gate.ts';
import { reportGate } from '../gate/report.ts';
import { type BaseRuns, inBase, openRevisions, type Revisions, runsOf, workingTree } from '../gate/revisions.ts';
import { type GateConfig, type Ruler, ruleBy, RULERS } from '../gate/ruling.ts';
import { selfTest, type SelfTestFlags } from '../gate/self-test.ts';
import { onInterrupt } from '../interrupt.ts';
import { known } from '../nearest.ts';
import { checkHistory } from '../run/history-file.ts';
import type { Settings } from '#bench/run/spec.ts';
import { type BenchFlags, settle } from '../run/settings.ts';
import { surroundings } from '../run/surroundings.ts';

export interface GateFlags extends Omit<BenchFlags, 'preset' | 'driver'>, SelfTestFlags {
  readonly base?: string;
  readonly baseline?: string;
  readonly yardstick?: string;
  readonly history?: string;
  readonly warmup?: string;
  readonly selfTest?: boolean;
  readonly rules?: string;
}

/** Of these the gate takes what its subjects can carry: cost at saturation, service time at an equal rate, TLS. */
const DEFAULT_SCENARIOS = ['http-small', 'http-paced-50', 'tls-keepalive'];
const WARMUP = millis(1_000);
const WINDOW = '3s';

export const gateCommand = (): Command =>
  new Command('gate')
    .description('measure head against base in one run; exit 99 where head is more expensive')
    .option('--base <ref>', 'git revision to compare the working tree with')
    .option('--baseline <file>', 'stored run to compare with instead: its folder or trials.ndjson')
    .option(
      '--yardstick <proxy>',
      'with --baseline: what figures are divided by (default: l4-tcp, or one that did not change)',
    )
    .option('--history <file>', 'append this run to the history of the branch; `hopcost history FILE` reads it')
    .option('--proxies <a,b>', 'what is compared (default: your own subjects, or l7-http)')
    .option('--scenarios <a,b>', 'traffic shapes; `hopcost list` shows them')
    .option(
      '--rounds <n>',
      `starts of both revisions in the first look (default ${ROUNDS.first}, at least ${LEAST_ROUNDS}); the second has twice as many`,
    )
    .option('--warmup <time>', 'of what takes no turns: discarded at the start of its window (default 1s)')
    .option('--duration <time>', 'of what takes no turns: its window (default 3s)')
    .option('--seed <n>', 'of the order of turns and the arrivals')
    .option('--out <folder>', 'where the folders of runs are kept (default reports/out)')
    .option('--rules <whose>', 'whose gate settings decide where they differ: base (default) or head')
    .option('--strict', 'exit 98 where something could not be told')
    .option('--json', 'print the result as JSON on stdout instead of the summary')
    .option('--self-test', 'prove the gate on this host: equal revisions, and known faults in head')
    .option('--kinds <a,b>', 'with --self-test: equal, cpu+3, cpu+5, cpu+10, cpu+20, delay+1ms')
    .option('--gates <n>', 'with --self-test: live gates of each kind (default 1)')
    .option('--save <file>', 'with --self-test: keep the rounds, for replay')
    .action(async (flags: GateFlags) => {
      const config = await loadConfig(process.cwd());
      if (flags.base !== undefined && flags.baseline !== undefined)
        throw new UsageError('--base measures a revision, --baseline reads a stored run: name one of them');
      if (flags.yardstick !== undefined && flags.baseline === undefined)
        throw new UsageError('--yardstick is what a stored run is compared by: name the run with --baseline');
      if (flags.history !== undefined) await checkHistory(flags.history);
      using interruption = onInterrupt();
      const { signal } = interruption;
      if (flags.baseline !== undefined) {
        const { baseline: file, yardstick, base: _, warmup: __, selfTest: ___, history: ____, ...own } = flags;
        const head = await workingTree(writtenBy(flags), signal);
        const plan = { file, flags: own, config, budgets: config.gate?.budgets ?? [], yardstick, head };
        const { result, interrupted } = await gateAgainstBaseline(plan, signal);
        return conclude({ result, interrupted }, flags, flags.strict ?? config.strict ?? false);
      }
      const settle = async (gate: GateConfig): Promise<Settled> => ({
        settings: await gateSettings(flags, { ...config, gate }),
        rounds: roundsOf(flags, { ...config, gate }),
      });
      const own = config.gate ?? {};
      const { settings, rounds } = await settle(own);
      const ruler = known('side in --rules', flags.rules ?? 'base', RULERS);
      if (flags.selfTest) return selfTest(settings, rounds, flags, signal);
      if (flags.base === undefined)
        throw new UsageError(
          'nothing to compare with: name a revision with --base, such as --base origin/main, or a stored run with --baseline',
        );
      const outcome = await runGate(
        flags.base,
        {
          proxies: settings.proxies,
          config: own,
          directory: config.directory,
          ruler,
          settle,
          written: writtenBy(flags),
        },
        signal,
      );
      return conclude(outcome, flags, settings.strict);
    });

/** The verdict's exit code stands, also where the history cannot be kept. */
export async function conclude({ result, interrupted }: Outcome, flags: GateFlags, strict: boolean): Promise<void> {
  await reportGate(result, { json: flags.json ?? false });
  const code = interrupted ? EXIT.interrupted : exitCodeOf(result, strict);
  process.exitCode = code;
  if (flags.history === undefined || interrupted) return;
  try {
    await keepHistory(flags.history, result);
  } catch (error) {
    if (code === EXIT.ok) throw error;
    process.stderr.write(`hopcost: ${explain(error)}\n`);
  }
}

/** Files and folders that a gate leaves behind, and so did the ones before it: they are no change of what is measured. */
const writtenBy = ({ history, out = 'reports/out' }: GateFlags): string[] => [
  out,
  ...(history === undefined ? [] : [history]),
];

const roundsOf = ({ rounds }: GateFlags, { gate }: BenchConfig): GateRun['rounds'] => {
  const first = rounds === undefined ? (gate?.rounds ?? ROUNDS.first) : parseInteger('--rounds', rounds, 1, 200);
  if (first < LEAST_ROUNDS)
    throw new UsageError(
      `${rounds === undefined ? 'gate.rounds in bench.config.ts:' : '--rounds'} ${first}: a verdict needs ${LEAST_ROUNDS} rounds at least, in each of which both revisions are started afresh; fewer could only end as invalid`,
    );
  return { first, second: 2 * first };
};

/** Of each side in each start: with them a gate of twelve starts takes 39 s a scenario. */
const TURNS = '8';

/** Rounds of a gate are starts; the turns of each are given. */
export async function gateSettings({ rounds: _rounds, ...flags }: GateFlags, config: BenchConfig): Promise<Settings> {
  // Faults are injected into the reference.
  const usual = config.subjects?.length && !flags.selfTest ? 'own' : 'l7-http';
  const asked = flags.proxies ?? config.gate?.proxies?.join(',') ?? usual;
  const settled = await settle(
    {
      ...flags,
      rounds: TURNS,
      preset: 'standard',
      proxies: asked,
      scenarios: flags.scenarios ?? (config.gate?.scenarios ?? DEFAULT_SCENARIOS).join(','),
      duration: flags.duration ?? WINDOW,
    },
    forGate(config),
  );
  const carried = settled.scenarios.filter((scenario) =>
    settled.proxies.some((definition) => applies(scenario, definition)),
  );
  return {
    ...settled,
    preset: 'gate',
    scenarios: SCENARIOS.filter((scenario) => carried.includes(scenario)),
    warmup: flags.warmup === undefined ? WARMUP : parseDuration('--warmup', flags.warmup, 0, 60_000),
  };
}

interface Outcome {
  readonly result: GateResult;
  readonly interrupted: boolean;
}

type Settled = Pick<GateRun, 'settings' | 'rounds'>;

interface GatePlan extends Pick<Settings, 'proxies'> {
  /** What the gate itself writes to. */
  readonly written: readonly string[];
  /** Head's, and the folder that it stands in. */
  readonly config: GateConfig;
  readonly directory?: string | undefined;
  readonly ruler: Ruler;
  /** What is measured by these rules. */
  readonly settle: (gate: GateConfig) => Promise<Settled>;
}

export async function runGate(
  ref: string,
  { proxies, config, directory = process.cwd(), ruler, settle, written }: GatePlan,
  signal: AbortSignal,
): Promise<Outcome> {
  const { install, build } = config;
  const preparation = { written, ...(install && { install }), ...(build && { build }) };
  await using revisions = await openRevisions(ref, { proxies }, preparation, signal);
  const { head, base } = revisions;
  const ruling = await ruleBy(ruler, config, inBase(revisions, directory));
  for (const note of ruling.notes) process.stderr.write(`note: ${note}\n`);
  const { settings, rounds } = await settle(ruling.gate);
  const { effects, budgets = [] } = ruling.gate;
  const rules = rulesWith(effects);
  const fit = { ...runsOf(settings.proxies, revisions), ...revisions };
  const { runs, alone, ...measured } = await measureFit(fit, { settings, rounds, rules }, signal);
  const mode: GateMode =
    runs.size > 0 ? { kind: 'revisions' } : { kind: 'budgets', reason: [...new Set(alone.values())].join('; ') };
  const result = judgeGate({
    ...measured,
    directory: relative(process.cwd(), measured.directory) || '.',
    mode,
    base,
    head,
    planned: rounds.first,
    budgets: judgeBudgets(budgets, measured.records),
    rules,
    notes: [
      ...ruling.notes,
      ...notesOf(measured, head.dirty),
      ...(runs.size > 0 ? [...alone].map(([name, why]) => `${name} was not compared with base: ${why}`) : []),
    ],
  });
  return { result, interrupted: measured.interrupted };
}

/** A base that cannot carry what is asked of head is no verdict on head: there head is measured alone. */
async function measureFit(
  revisions: BaseRuns & Pick<Revisions, 'unprepared'>,
  gate: Omit<GateRun, 'sides'>,
  signal: AbortSignal,
): Promise<GateMeasurement & BaseRuns> {
  const [runs, alone] = [new Map(revisions.runs), new Map(revisions.alone)];
  for (;;)
    try {
      return {
        ...(await measureGate({ ...gate, sides: { base: runs, head: {} } }, surroundings(), signal)),
        runs,
        alone,
      };
    } catch (error) {
      if (!(error instanceof RevisionUnfit) || error.side !== 'base') throw error;
      runs.delete(error.subject);
      const { unprepared } = revisions;
      alone.set(error.subject, unprepared === undefined ? error.message : `${unprepared}; ${error.message}`);
    }
}

function notesOf({ records, interrupted }: GateMeasurement, dirty: boolean): string[] {
  return [
    ...(interrupted ? ['the gate was interrupted: what was measured until then is judged, and may not suffice'] : []),
    ...(dirty ? ['head is the working tree with uncommitted changes, measured as it is'] : []),
    ...(records.run.placement.shared
      ? [
          'load or origin share the proxy’s core on this host: figures carry their interference, of both revisions alike',
        ]
      : []),
  ];
}
