/** Every exporter's file in the run's folder, each replaced in one step. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { RunRecords } from '#bench/model/record.ts';
import type { Exporter } from './contract.ts';
import { exporters } from './registry.ts';

/** A report that could not be made: which exporter, and why. The others are written all the same. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/**
 * Paths of the files written. Rejects after all were tried: with `ExportError` for one that failed, with an AggregateError of them
 * for several.
 */
export async function writeReports(
  analysis: Analysis,
  records: RunRecords,
  directory: string,
  chosen: readonly Exporter[] = exporters,
): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const settled = await Promise.allSettled(
    chosen.map((exporter) => writeReport(exporter, analysis, records, directory)),
  );
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  if (errors.length === 1) throw errors[0]!;
  if (errors.length > 1)
    throw new AggregateError(
      errors,
      `${errors.length} reports failed: ${errors.map(({ message }) => message).join('; ')}`,
    );
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

async function writeReport(
  exporter: Exporter,
  analysis: Analysis,
  records: RunRecords,
  directory: string,
): Promise<string> {
  const path = join(directory, exporter.file);
  const fresh = join(directory, `.${exporter.file}-${process.pid}`);
  try {
    const rendered = await exporter.render(analysis, records);
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ExportError(`exporter '${exporter.format}' could not write ${path}: ${reason}`, { cause });
  }
}
