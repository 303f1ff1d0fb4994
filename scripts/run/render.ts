/** Records on disk → reports beside them and the summary on stdout. The one way to a report, after measuring or long after. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { analyse } from '#bench/analysis/analyse.ts';
import { readRecords, RecordError } from '#bench/model/read.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { renderTerminal } from '#reports/terminal.ts';
import { writeReports } from '#reports/write.ts';
import { wantsColour } from '../colour.ts';
import { UsageError, explain } from '../exit.ts';
import { RECORDS_FILE } from './record-log.ts';

/** Throws `UsageError` where the folder holds no records or damaged ones. */
export async function renderRun(folder: string, { json }: { readonly json: boolean }): Promise<RunRecords> {
  const file = join(folder, RECORDS_FILE);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${folder}: ${RECORDS_FILE} cannot be read: ${explain(error)}`);
  });
  const records = parse(file, text);
  const analysis = analyse(records);
  await writeReports(analysis, records, folder);
  process.stdout.write(
    json
      ? await readFile(join(folder, 'report.json'), 'utf8')
      : renderTerminal(analysis, { colour: wantsColour(process.stdout) }),
  );
  process.stderr.write(`\nreport: ${relative(process.cwd(), join(folder, 'report.html'))}\n`);
  return records;
}

function parse(file: string, text: string): RunRecords {
  try {
    const { records, torn } = readRecords(text);
    if (torn)
      process.stderr.write(
        `note: the last line of ${RECORDS_FILE} was cut short (the run was killed while writing it); it is left out\n`,
      );
    return records;
  } catch (error) {
    if (error instanceof RecordError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
