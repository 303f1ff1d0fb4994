/** `hopcost compare`: two stored runs, what became more expensive or cheaper from the first to the second. */
import { Command } from 'commander';
import { compareRuns, type RunComparison } from '#bench/analysis/across-runs/compare-runs.ts';
import { CLAIM_GENERATIONS } from '#bench/analysis/comparison/comparison.ts';
import { MatchError } from '#bench/analysis/across-runs/match-runs.ts';
import { renderComparison } from '#reports/terminal/comparison.ts';
import { terminalOf } from '../terminal.ts';
import { UsageError } from '#bench/model/errors.ts';
import { EXIT } from '../exit.ts';
import { readNamedRun } from '../run/read.ts';

interface CompareFlags {
  readonly yardstick?: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly strict?: boolean;
}

/** Version of what `--json` prints. */
const COMPARISON_VERSION = 2;

export const compareCommand = (): Command =>
  new Command('compare')
    .description('two stored runs: what changed, by a yardstick that took its turns in the same seconds')
    .argument('<first>', "a run's folder or trials.ndjson, or its name below reports/out")
    .argument('<second>', 'the run that is compared with it')
    .option(
      '--yardstick <proxy>',
      'what figures are divided by (default: l4-tcp, or another proxy that did not change)',
    )
    .option('--all', 'show the figures that only advise as well')
    .option('--strict', 'exit 98 where nothing can be told')
    .option('--json', 'print the comparison as JSON on stdout instead of the table')
    .action(async (first: string, second: string, { yardstick, all, json, strict }: CompareFlags) => {
      const comparison = compare(await readNamedRun(first), await readNamedRun(second), { yardstick });
      process.stdout.write(
        json
          ? `${JSON.stringify({ comparison: COMPARISON_VERSION, ...comparison }, null, 1)}\n`
          : renderComparison(comparison, { ...terminalOf(process.stdout), all: all ?? false }),
      );
      if (strict && !tellsAnything(comparison)) process.exitCode = EXIT.inconclusive;
    });

function compare(...runs: Parameters<typeof compareRuns>): RunComparison {
  try {
    return compareRuns(...runs);
  } catch (error) {
    if (error instanceof MatchError) throw new UsageError(error.message);
    throw error;
  }
}

/** With generations enough an interval tells something even where it holds no difference: how large one could be at most. */
export const tellsAnything = ({ lines }: RunComparison): boolean =>
  lines.some(({ main, ratio }) => main && ratio.n >= CLAIM_GENERATIONS);
