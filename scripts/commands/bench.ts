import { join } from 'node:path';
import { Command } from 'commander';
import type { BudgetOutcome } from '#bench/analysis/budget-outcome.ts';
import type { Knees } from '#bench/analysis/knees/knees.ts';
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { hopName } from '#bench/model/scenario.ts';
import { loadConfig } from '../config.ts';
import { EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { openFile } from '../open.ts';
import { renderRun } from '../run/render.ts';
import { surroundings } from '../run/surroundings.ts';
import { runBench } from '#bench/run/bench.ts';
import { type BenchFlags, settle } from '../run/settings.ts';
import { nodeNote } from '../version.ts';

export const benchCommand = (): Command =>
  new Command('bench')
    .description('measure what each hop costs and write the reports')
    .option('--preset <name>', 'smoke, quick (default), standard or full')
    .option('--proxies <a,b>', 'subjects next to direct; `hopcost list` shows them')
    .option('--scenarios <a,b>', 'traffic shapes; `hopcost list` shows them')
    .option('--generations <n>', 'times that every subject is started afresh')
    .option('--rounds <n>', 'turns of each subject in each scenario of a generation')
    .option('--duration <time>', 'window of what takes no turns (idle memory, searches, targets), such as 1500ms or 2s')
    .option('--hops <n>', 'also measure each proxy 2, or 2 and 3 times in a row: what a further hop costs')
    .option('--find <what>', 'max-rate: search the highest rate at which --slo holds, for each subject')
    .option('--slo <objective>', "for --find: a list such as 'p99<2ms', 'response.p99.9<10ms,errors<0.1%'")
    .option('--sweep [points]', 'the same traffic at several rates: how many, percents (10%,50%) or rates (2000,5000)')
    .option('--seed <n>', 'of the run order and the arrivals')
    .option('--out <folder>', 'where the folders of runs are kept (default reports/out)')
    .option('--driver <name>', 'http1 (default) or autocannon')
    .option('--target <name=url>', 'what runs elsewhere: tcp://host:port, http://… or https://… (repeatable)', collect)
    .option('--i-own-this-target', 'load on it is yours to send; without this no target is touched')
    .option('--max-rate <n>', 'requests (and connections) a second that no target is ever sent more of')
    .option(
      '--connections <n>',
      'that the load on a target is spread over (default: by the time that it takes to answer)',
    )
    .option('--target-ca <file>', 'private authority of https targets, PEM; they are verified in any case')
    .option('--second-opinion', 'also ask autocannon, wrk and h2load, where installed (standard and full do)')
    .option('--strict', 'exit 98 when anything was inconclusive')
    .option('--open', 'open the report once it is written')
    .option('--json', 'print report.json on stdout instead of the summary')
    .action(async (flags: BenchFlags & { readonly open?: boolean }) => {
      process.stderr.write('looking at this host and its proxies\n'); // which takes a moment
      const config = await loadConfig(process.cwd());
      const settings = await settle(flags, config);
      process.stderr.write(nodeNote());
      using interruption = onInterrupt();
      const { directory, interrupted } = await runBench(settings, surroundings(), interruption.signal);
      const { records, analysis } = await renderRun(directory, { ...settings, budgets: config.gate?.budgets ?? [] });
      if (flags.open) await openFile(join(directory, 'report.html'));
      const { budgets = [], knees } = analysis;
      const blank = withoutFigure(settings.named, records);
      if (!interrupted && blank.length > 0)
        process.stderr.write(
          `hopcost: no figure of ${blank.join(', ')}, which this run was asked for; why is said above\n`,
        );
      process.exitCode = codeOf({
        interrupted,
        records,
        named: settings.named,
        budgets,
        knees,
        strict: settings.strict,
      });
    });

const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];

/** The first that applies. */
export function codeOf({ interrupted, records, named, budgets, knees, strict }: BenchOutcome): number {
  if (interrupted) return EXIT.interrupted;
  if (withoutFigure(named, records).length > 0 || completedOf(records).length === 0) return EXIT.failure;
  if (budgets.some(({ state }) => state === 'exceeded')) return EXIT.regression;
  const untold = knees?.searches.some(({ state }) => state === 'cannot tell') === true;
  const unclear = isInconclusive(records) || untold || budgets.some(({ state }) => state === 'unknown');
  return strict && unclear ? EXIT.inconclusive : EXIT.ok;
}

interface BenchOutcome {
  readonly interrupted: boolean;
  readonly records: RunRecords;
  /** Subjects that the user asked for by name. */
  readonly named: readonly string[];
  readonly budgets: readonly BudgetOutcome[];
  readonly knees?: Knees | undefined;
  readonly strict: boolean;
}

const completedOf = ({ trials, windows = [] }: RunRecords): TrialRecord[] =>
  [...trials, ...windows.map(({ trial }) => trial)].filter(({ state }) => state === 'completed');

/** Those of `named` of which no trial, nor a window of a search, completed. */
function withoutFigure(named: readonly string[], records: RunRecords): string[] {
  const measured = new Set(completedOf(records).map(({ subject }) => hopName(subject)));
  return named.filter((name) => !measured.has(name));
}

/** Something that was asked for has no figure: a trial without a result, or a subject that was not measured. */
const isInconclusive = ({ trials, subjects }: RunRecords): boolean =>
  trials.some(({ state }) => state !== 'completed') ||
  subjects.some(({ preflight }) => preflight.some(({ passed }) => !passed));
