/** `hopcost history FILE`: where the costs of a branch changed for good, over all runs that were appended to it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { changesOf } from '#bench/analysis/across-runs/change-points.ts';
import { historyLine } from '#bench/analysis/across-runs/history-line.ts';
import { renderHistory } from '#reports/terminal/history.ts';
import { historyPage } from '#reports/html/history.ts';
import { terminalOf } from '../terminal.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { EXIT } from '../exit.ts';
import { appendHistory, readHistoryFile } from '../run/history-file.ts';
import { readNamedRun } from '../run/read.ts';

interface HistoryFlags {
  readonly add?: readonly string[];
  readonly html?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
}

/** Version of what `--json` prints. */
const REPORT_VERSION = 1;

export const historyCommand = (): Command =>
  new Command('history')
    .description('where the costs of a branch changed for good, over the runs appended to FILE')
    .argument('<file>', 'the history: one line of JSON a run, kept with the branch')
    .option('--add <run...>', 'append stored runs first; `hopcost gate --history FILE` appends its own')
    .option('--html <file>', 'where the chart goes (default: beside FILE, with .html)')
    .option('--strict', 'exit 98 where no series has runs enough')
    .option('--json', 'print the series and their change points as JSON on stdout')
    .action(async (file: string, { add = [], html, json, strict }: HistoryFlags) => {
      for (const run of add) await addRun(file, run);
      const { lines } = await readHistoryFile(file);
      if (lines.length === 0)
        throw new UsageError(`${file}: expected a run a line, found none; append one with --add RUN`);
      const verdicts = changesOf(lines);
      process.stdout.write(
        json
          ? `${JSON.stringify({ history: REPORT_VERSION, runs: lines.length, series: verdicts }, null, 1)}\n`
          : renderHistory({ lines, verdicts, commitsBetween }, terminalOf(process.stdout)),
      );
      const page = html ?? `${file.replace(/\.(?:nd)?jsonl?$/, '')}.html`;
      await writeFile(page, await historyPage(lines, verdicts)).catch((error: unknown) => {
        throw new UsageError(`--html ${page}: cannot be written: ${explain(error)}`);
      });
      process.stderr.write(`\nchart: ${page}\n`);
      if (strict && !verdicts.some(({ tested }) => tested)) process.exitCode = EXIT.inconclusive;
    });

/** Once: a step of CI that is repeated must not count twice. */
async function addRun(file: string, run: string): Promise<void> {
  const line = historyLine(await readNamedRun(run));
  const known = existsSync(file) ? (await readHistoryFile(file)).lines : [];
  if (known.some((one) => one.run === line.run)) process.stderr.write(`note: ${file} has run ${line.run} already\n`);
  else await appendHistory(file, line);
}

/** Of the checkout in the working directory, oldest first; undefined where it does not know them. */
function commitsBetween(before: string | null, after: string | null): string[] | undefined {
  const isHash = (text: string | null): text is string => text !== null && /^[0-9a-f]{7,64}$/.test(text);
  if (!isHash(before) || !isHash(after)) return undefined;
  try {
    const text = execFileSync('git', ['log', '--reverse', '--format=%h %s', `${before}..${after}`, '--'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n').filter((line) => line !== '');
  } catch {
    return undefined;
  }
}
