/** The append-only `trials.ndjson` of one run: a line a record, on disk before the next trial starts. */
import { constants, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RunLine, RunLine as RunLineSchema } from '#bench/model/record.ts';
import { UsageError, explain } from '#bench/model/errors.ts';

export const RECORDS_FILE = 'trials.ndjson';

export class RecordLog implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly directory: string;

  private constructor(file: FileHandle, directory: string) {
    this.#file = file;
    this.directory = directory;
  }

  /** Creates the run's folder and file. Throws `UsageError` where it cannot be written or exists already. */
  static async create(directory: string): Promise<RecordLog> {
    try {
      await makeFolder(directory);
      return new RecordLog(await open(join(directory, RECORDS_FILE), 'ax'), directory);
    } catch (error) {
      throw new UsageError(`cannot write results to ${directory}: ${explain(error)}; choose another folder with --out`);
    }
  }

  /** Rejects when the record is not of the published schema: a report must be able to read what was written. Or with the disk's error. */
  async append(record: RunLine): Promise<void> {
    const line = `${JSON.stringify(RunLineSchema.parse(record))}\n`;
    try {
      await this.#file.appendFile(line);
      await this.#file.datasync();
    } catch (error) {
      const file = join(this.directory, RECORDS_FILE);
      throw new Error(`${file} cannot be written on: ${explain(error)}; what stands in it stays readable`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** A file of records to read. Rejects where it is anything else: whoever opens a FIFO to read would wait for a writer for good. */
export async function openRecords(file: string): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await handle.stat();
  if (found.isFile()) return handle;
  await handle.close();
  throw new Error(
    `${file} is ${found.isFIFO() ? 'a FIFO' : found.isDirectory() ? 'a folder' : 'a device'}, not a file`,
  );
}

/** mkdir's own `recursive` never returns where a file system refuses with ENOENT, as /proc does. Rejects with the system's error. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}
