/** Records on disk → reports beside them and the summary on stdout. The one way to a report, after measuring or long after. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { analyse } from '#bench/analysis/analyse.ts';
import { changesOf } from '#bench/analysis/across-runs/change-points.ts';
import { historyLine } from '#bench/analysis/across-runs/history-line.ts';
import { historyOf, historyView } from '#bench/analysis/across-runs/history.ts';
import { MergeError, mergeRuns } from '#bench/analysis/across-runs/merge-runs.ts';
import type { Budget } from '#bench/gate/budget.ts';
import { judgeBudgets } from '#bench/gate/budgets.ts';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { HistoryLine } from '#bench/model/history.ts';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import type { Exporter } from '#reports/contract.ts';
import { exporters } from '#reports/registry.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { writeReports } from '#reports/write.ts';
import { terminalOf } from '../terminal.ts';
import { UsageError } from '#bench/model/errors.ts';
import { readRun } from './read.ts';
import { RECORDS_FILE } from '#bench/run/record-log.ts';

export interface RenderOptions {
  readonly json: boolean;
  /** Exporters besides those that every run has. */
  readonly more?: readonly Exporter[];
  /** To be held against the run's figures. */
  readonly budgets?: readonly Budget[];
  /** Of the branch: drawn with this run as its newest, in place of runs laid side by side. */
  readonly history?: readonly HistoryLine[];
}

/** One run. Throws `UsageError` where the folder holds no records or damaged ones. */
export async function renderRun(
  folder: string,
  options: RenderOptions,
): Promise<{ readonly records: RunRecords; readonly analysis: Analysis }> {
  const records = await readRun(folder);
  return { records, analysis: await render([records], records, folder, options) };
}

/** The newest of several runs with the history of all, written into its own folder. */
export async function overlayRuns(folders: readonly string[], options: RenderOptions): Promise<string> {
  const runs = await Promise.all(folders.map(async (folder) => ({ folder, records: await readRun(folder) })));
  const newest = runs.toSorted((a, b) => a.records.run.startedAt.localeCompare(b.records.run.startedAt)).at(-1)!;
  await render(
    runs.map(({ records }) => records),
    newest.records,
    newest.folder,
    options,
  );
  return newest.folder;
}

/** All rounds of several runs as a run of its own, in a folder next to the first. Throws `UsageError` where they differ. */
export async function mergeFolders(folders: readonly string[], options: RenderOptions): Promise<string> {
  const runs = await Promise.all(folders.map(readRun));
  try {
    const { records, newestOnly } = mergeRuns(runs);
    const folder = join(folders[0]!, '..', records.run.run);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, RECORDS_FILE), recordLines(records));
    if (newestOnly.length > 0)
      process.stderr.write(
        `note: ${newestOnly.join(', ')}: only the newest run's rounds; each run offered a rate of its own\n`,
      );
    if (runs.filter(({ windows = [] }) => windows.length > 0).length > 1)
      process.stderr.write(`note: of each subject's knee searches only the newest is kept\n`);
    await render([records], records, folder, options);
    return folder;
  } catch (error) {
    if (error instanceof MergeError) throw new UsageError(error.message);
    throw error;
  }
}

/** The branch's history with this run at its end, where it is not in it yet. */
function withHistory(lines: readonly HistoryLine[], records: RunRecords): Pick<Analysis, 'history' | 'historyMarks'> {
  const own = historyLine(records);
  const all = lines.some(({ run }) => run === own.run)
    ? lines
    : [...lines, own].toSorted((a, b) => a.at.localeCompare(b.at));
  const { points, marks } = historyView(all, changesOf(all));
  return { history: points, historyMarks: marks };
}

async function render(
  runs: readonly RunRecords[],
  records: RunRecords,
  folder: string,
  { json, more = [], budgets = [], history: lines }: RenderOptions,
): Promise<Analysis> {
  const alone = analyse(records);
  const history = runs.length > 1 ? historyOf(runs.map((one) => (one === records ? alone : analyse(one)))) : undefined;
  const analysis = {
    ...alone,
    ...(history && { history }),
    ...(lines && withHistory(lines, records)),
    ...(budgets.length > 0 && { budgets: judgeBudgets(budgets, records) }),
  };
  await writeReports(analysis, records, folder, [...exporters, ...more]);
  process.stdout.write(
    json ? await readFile(join(folder, 'report.json'), 'utf8') : renderTerminal(analysis, terminalOf(process.stdout)),
  );
  process.stderr.write(`\nreport: ${relative(process.cwd(), join(folder, 'report.html'))}\n`);
  return analysis;
}
