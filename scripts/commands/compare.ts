/** `hopcost compare`: two stored runs, what became dearer or cheaper from the first to the second. */
import { Command } from 'commander';
import { compareRuns, type RunComparison } from '#bench/analysis/compare-runs.ts';
import { CONFIDENCE } from '#bench/analysis/comparison.ts';
import { MatchError } from '#bench/analysis/match-runs.ts';
import { renderComparison } from '#reports/comparison.ts';
import { wantsColour } from '../colour.ts';
import { UsageError } from '#bench/model/errors.ts';
import { EXIT } from '../exit.ts';
import { readNamedRun } from '../run/read.ts';

interface CompareFlags {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly strict?: boolean;
}

/** Version of what `--json` prints. */
const COMPARISON_VERSION = 1;

export const compareCommand = (): Command =>
  new Command('compare')
    .description('two stored runs: figures where the host is the same, ratios to direct where it is not')
    .argument('<first>', "a run's folder or trials.ndjson, or its name below reports/out")
    .argument('<second>', 'the run that is compared with it')
    .option('--all', 'show the figures that only advise as well')
    .option('--strict', 'exit 98 where nothing can be told')
    .option('--json', 'print the comparison as JSON on stdout instead of the table')
    .action(async (first: string, second: string, { all, json, strict }: CompareFlags) => {
      const comparison = compare(await readNamedRun(first), await readNamedRun(second));
      process.stdout.write(
        json
          ? `${JSON.stringify({ comparison: COMPARISON_VERSION, ...comparison }, null, 1)}\n`
          : renderComparison(comparison, { colour: wantsColour(process.stdout), all: all ?? false }),
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

/** An interval of full coverage tells something even where it holds no difference: how large one could be at most. */
export const tellsAnything = ({ lines }: RunComparison): boolean =>
  lines.some(({ main, ratio }) => main && ratio.coverage >= CONFIDENCE);
