/** Every exporter's file in the run's folder, each replaced in one step. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { explain } from '#bench/model/errors.ts';
import type { RunRecords } from '#bench/model/record.ts';
import type { Exporter, Rendered } from './contract.ts';
import { exporters } from './registry.ts';

/** A report that could not be made: which exporter, and why. The others are written all the same. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** One file or folder to be written: which exporter makes it, its name, and how. */
export interface WriteJob {
  readonly format: string;
  readonly file: string;
  render(): Rendered | Promise<Rendered>;
}

/**
 * Paths of the files written. Rejects after all were tried: with `ExportError` for one that failed, with an AggregateError of them
 * for several.
 */
export async function writeAll(jobs: readonly WriteJob[], directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const settled = await Promise.allSettled(jobs.map((job) => writeOne(job, directory)));
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  if (errors.length === 1) throw errors[0]!;
  if (errors.length > 1)
    throw new AggregateError(
      errors,
      `${errors.length} reports failed: ${errors.map(({ message }) => message).join('; ')}`,
    );
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** Every exporter's file of a run; rejects as `writeAll` does. */
export const writeReports = (
  analysis: Analysis,
  records: RunRecords,
  directory: string,
  chosen: readonly Exporter[] = exporters,
): Promise<string[]> =>
  writeAll(
    chosen.map((exporter) => ({
      format: exporter.format,
      file: exporter.file,
      render: () => exporter.render(analysis, records),
    })),
    directory,
  );

async function writeOne(job: WriteJob, directory: string): Promise<string> {
  const path = join(directory, job.file);
  const fresh = join(directory, `.${job.file}-${process.pid}`);
  try {
    const rendered = await job.render();
    if (typeof rendered === 'string') await writeFile(fresh, rendered);
    else {
      await mkdir(fresh);
      for (const [name, text] of rendered) await writeFile(join(fresh, name), text);
      await rm(path, { recursive: true, force: true }); // a folder does not replace one that holds files
    }
    await rename(fresh, path);
    return path;
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {}); // the folder itself may be what is wrong
    throw new ExportError(`exporter '${job.format}' could not write ${path}: ${explain(cause)}`, { cause });
  }
}
