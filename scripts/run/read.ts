/** Where a run lies that a user names, and its records. */
import { realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readRecords, RecordError } from '#bench/model/read.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { UsageError, explain } from '#bench/model/errors.ts';
import { openRecords, RECORDS_FILE } from '#bench/run/record-log.ts';

/** A run is named by its folder, by its file of records, or by its name below `reports/out`. The path of the file. */
async function locateFile(run: string): Promise<string> {
  for (const path of [resolve(run), resolve('reports/out', run)]) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return join(await realpath(path), RECORDS_FILE);
    if (found?.isFile()) return realpath(path);
  }
  throw new UsageError(
    `no run '${run}': expected a folder with ${RECORDS_FILE}, or the name of one below reports/out (such as 'latest')`,
  );
}

/** The folder of a run, where its reports are. */
export const locateRun = async (run: string): Promise<string> => dirname(await locateFile(run));

/** Throws `UsageError` where there is no such run, or its file is damaged or none. */
export const readNamedRun = async (run: string): Promise<RunRecords> => readRunFile(await locateFile(run));

/** Throws `UsageError` where the folder holds no records or damaged ones. */
export const readRun = (folder: string): Promise<RunRecords> => readRunFile(join(folder, RECORDS_FILE));

async function textOf(file: string): Promise<string> {
  await using handle = await openRecords(file);
  return handle.readFile('utf8');
}

async function readRunFile(file: string): Promise<RunRecords> {
  const text = await textOf(file).catch((error: unknown) => {
    throw new UsageError(`${file}: cannot be read: ${explain(error)}`);
  });
  try {
    const { records, torn } = readRecords(text);
    if (torn)
      process.stderr.write(
        `note: the last line of ${file} was cut short (the run was killed while writing it); it is left out\n`,
      );
    return records;
  } catch (error) {
    if (error instanceof RecordError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
