import { Command } from 'commander';
import type { RunRecords } from '#bench/model/record.ts';
import { loadConfig } from '../config.ts';
import { EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { renderRun } from '../run/render.ts';
import { runBench } from '../run/run.ts';
import { type BenchFlags, settle } from '../run/settings.ts';

export const benchCommand = (): Command =>
  new Command('bench')
    .description('measure what each hop costs and write the reports')
    .option('--preset <name>', 'smoke, quick (default), standard or full')
    .option('--proxies <a,b>', 'subjects next to direct; `hopcost list` shows them')
    .option('--scenarios <a,b>', 'traffic shapes; `hopcost list` shows them')
    .option('--rounds <n>', 'passes over all subjects')
    .option('--duration <time>', 'measured window of a trial, such as 1500ms or 2s')
    .option('--hops <n>', 'also measure each proxy 2, or 2 and 3 times in a row: what a further hop costs')
    .option('--seed <n>', 'of the run order and the arrivals')
    .option('--out <folder>', 'where the folders of runs are kept (default reports/out)')
    .option('--driver <name>', 'http1 (default) or autocannon')
    .option('--strict', 'exit 98 when anything was inconclusive')
    .option('--json', 'print report.json on stdout instead of the summary')
    .action(async (flags: BenchFlags) => {
      const settings = await settle(flags, await loadConfig(process.cwd()));
      using interruption = onInterrupt();
      const { directory, interrupted } = await runBench(settings, interruption.signal);
      const records = await renderRun(directory, settings);
      if (interrupted) process.exitCode = EXIT.interrupted;
      else if (records.trials.every(({ state }) => state === 'failed')) process.exitCode = EXIT.failure;
      else if (settings.strict && isInconclusive(records)) process.exitCode = EXIT.inconclusive;
    });

/** Something that was asked for has no figure: a trial without a result, or a subject that was not measured. */
const isInconclusive = ({ trials, subjects }: RunRecords): boolean =>
  trials.some(({ state }) => state !== 'completed') ||
  subjects.some(({ preflight }) => preflight.some(({ passed }) => !passed));
