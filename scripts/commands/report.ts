import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../exit.ts';
import { RECORDS_FILE } from '../run/record-log.ts';
import { renderRun } from '../run/render.ts';

/** A run is named by its folder, by its `trials.ndjson`, or by its name below `reports/out`. */
async function locate(run: string): Promise<string> {
  for (const folder of [resolve(run), resolve('reports/out', run)]) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory()) return folder;
    if (found?.isFile()) return join(folder, '..');
  }
  throw new UsageError(
    `no run '${run}': expected a folder with ${RECORDS_FILE}, or the name of one below reports/out (such as 'latest')`,
  );
}

export const reportCommand = (): Command =>
  new Command('report')
    .description('render the reports of a run again from its records, without measuring')
    .argument('<run>', "the run's folder, or its name below reports/out, such as latest")
    .option('--json', 'print report.json on stdout instead of the summary')
    .action(async (run: string, { json = false }: { json?: boolean }) => {
      await renderRun(await locate(run), { json });
    });
