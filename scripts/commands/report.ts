import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { analyse } from '#bench/analysis/analyse.ts';
import { readRecords, RecordError } from '#bench/model/read.ts';
import { renderTerminal } from '#reports/terminal.ts';
import { writeReports } from '#reports/write.ts';
import { UsageError, explain } from '../exit.ts';
import { RECORDS_FILE } from '../run/record-log.ts';
import { wantsColour } from '../colour.ts';

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
    .action(async (run: string, { json }: { json?: boolean }) => {
      const folder = await locate(run);
      const text = await readFile(join(folder, RECORDS_FILE), 'utf8').catch((error: unknown) => {
        throw new UsageError(`${folder}: ${RECORDS_FILE} cannot be read: ${explain(error)}`);
      });
      try {
        const { records, torn } = readRecords(text);
        if (torn)
          process.stderr.write(
            `note: the last line of ${RECORDS_FILE} was cut short (the run was killed while writing it); it is left out\n`,
          );
        const analysis = analyse(records);
        const files = await writeReports(analysis, folder);
        process.stdout.write(
          json
            ? await readFile(join(folder, 'report.json'), 'utf8')
            : renderTerminal(analysis, { colour: wantsColour(process.stdout) }),
        );
        for (const file of files) process.stderr.write(`wrote ${file}\n`);
      } catch (error) {
        if (error instanceof RecordError) throw new UsageError(`${join(folder, RECORDS_FILE)}: ${error.message}`);
        throw error;
      }
    });
