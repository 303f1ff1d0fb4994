/** The append-only `trials.ndjson` of one run: a line a record, on disk before the next trial starts. */
import { existsSync } from 'node:fs';
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

  /** Rejects when the record is not of the published schema: a report must be able to read what was written. */
  async append(record: RunLine): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(RunLineSchema.parse(record))}\n`);
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
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
