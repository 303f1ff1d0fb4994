/** The file of a history: appended to by whoever measured, read by whoever asks. */
import { constants, existsSync } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type HistoryLine,
  HistoryError,
  type History,
  HistoryLine as HistoryLineSchema,
  readHistory,
} from '#bench/model/history.ts';
import { UsageError, explain } from '#bench/model/errors.ts';

/**
 * One write at the end of the file, which the system does not interleave with that of another process. Where the last line was cut short
 * a new one is begun, so that the half stays by itself. Throws `UsageError` where the file cannot be written.
 */
export async function appendHistory(file: string, line: HistoryLine): Promise<void> {
  const text = `${JSON.stringify(HistoryLineSchema.parse(line))}\n`;
  try {
    await using handle = await open(file, constants.O_APPEND | constants.O_CREAT | constants.O_RDWR, 0o666);
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const whole = Buffer.from(size > 0 && last.toString() !== '\n' ? `\n${text}` : text);
    const { bytesWritten } = await handle.write(whole);
    if (bytesWritten < whole.length)
      throw new Error(`only ${bytesWritten} of ${whole.length} bytes could be written; is the disk full?`);
    await handle.datasync();
  } catch (error) {
    throw new UsageError(`${file}: cannot be appended to: ${explain(error)}`);
  }
}

/** Before anything is measured: the file can be written, and is none of a newer hopcost. It is not made yet. Throws `UsageError`. */
export async function checkHistory(file: string): Promise<void> {
  const exists = existsSync(file);
  try {
    if (exists) await (await open(file, 'a')).close();
    else await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(`--history ${file}: cannot be written: ${explain(error)}`);
  }
  if (exists) await readHistoryFile(file);
}

/** Throws `UsageError` where there is no such file, or it is no history; what was left out goes to stderr. */
export async function readHistoryFile(file: string): Promise<History> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file}: cannot be read: ${explain(error)}`);
  });
  try {
    const history = readHistory(text);
    for (const note of history.notes) process.stderr.write(`note: ${file}: ${note}\n`);
    return history;
  } catch (error) {
    if (error instanceof HistoryError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
