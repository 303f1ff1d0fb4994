import { join } from 'node:path';
import { Command } from 'commander';
import type { Price } from '#bench/analysis/prices/prices.ts';
import { pricedFilters } from '#bench/lab/priced-filters.ts';
import { PRICES_PRESETS } from '#bench/plan/prices.ts';
import { runPrices } from '#bench/run/prices.ts';
import { loadConfig } from '../config.ts';
import { EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { openFile } from '../open.ts';
import { type PricesFlags, settlePrices } from '../run/prices.ts';
import { renderRun } from '../run/render.ts';
import { surroundings } from '../run/surroundings.ts';
import { nodeNote } from '../version.ts';

export const pricesCommand = (): Command =>
  new Command('prices')
    .description('what each filter costs, in each proxy that has it: the price list of L7')
    .option('--preset <name>', `${PRICES_PRESETS.map(({ name }) => name).join(', ')} (default quick)`)
    .option('--filters <a,b>', 'filters, or names under which they are priced (default all)')
    .option('--proxies <a,b>', 'L7 proxies without TLS (default all that are installed)')
    .option('--generations <n>', 'times that every subject is started afresh')
    .option('--rounds <n>', 'turns of each subject in each scenario of a generation')
    .option('--seed <n>', 'of the run order and the arrivals')
    .option('--out <folder>', 'where the folders of runs are kept (default reports/out)')
    .option('--strict', 'exit 98 when a price is missing, or cannot be told')
    .option('--open', 'open the report once it is written')
    .option('--json', 'print report.json on stdout instead of the summary')
    .addHelpText(
      'after',
      () =>
        `\nWhat is priced:\n${pricedFilters()
          .map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`)
          .join('\n')}`,
    )
    .action(async (flags: PricesFlags & { readonly open?: boolean }) => {
      process.stderr.write('looking at this host and its proxies\n'); // which takes a moment
      const run = await settlePrices(flags, await loadConfig(process.cwd()));
      process.stderr.write(nodeNote());
      using interruption = onInterrupt();
      const { directory, interrupted } = await runPrices(run, surroundings(), interruption.signal);
      const { analysis } = await renderRun(directory, run.settings);
      if (flags.open) await openFile(join(directory, 'report.html'));
      const list = analysis.prices?.list ?? [];
      process.exitCode = codeOf({ interrupted, list, named: run.settings.named, strict: run.settings.strict });
    });

interface Outcome {
  readonly interrupted: boolean;
  readonly list: readonly Pick<Price, 'subject' | 'state'>[];
  /** Proxies that the user asked for by name. */
  readonly named: readonly string[];
  readonly strict: boolean;
}

/** The first that applies. */
export function codeOf({ interrupted, list, named, strict }: Outcome): number {
  if (interrupted) return EXIT.interrupted;
  const measured = list.filter(({ state }) => state === 'measured');
  const isWithout = (name: string): boolean => !measured.some(({ subject }) => subject === name);
  if (measured.length === 0 || named.some(isWithout)) return EXIT.failure;
  return strict && measured.length < list.length ? EXIT.inconclusive : EXIT.ok;
}
