/** What an exporter makes of records, as one text. */
import assert from 'node:assert/strict';
import { analyse } from '#bench/analysis/analyse.ts';
import type { RunRecords } from '#bench/model/record.ts';
import type { Exporter } from '#reports/contract.ts';

export async function textOf(exporter: Exporter, records: RunRecords): Promise<string> {
  const rendered = await exporter.render(analyse(records), records);
  assert.ok(typeof rendered === 'string', `${exporter.format} makes a folder`);
  return rendered;
}

/** The texts of a folder; of a single file, itself under its name. */
export async function filesOf(exporter: Exporter, records: RunRecords): Promise<ReadonlyMap<string, string>> {
  const rendered = await exporter.render(analyse(records), records);
  return typeof rendered === 'string' ? new Map([[exporter.file, rendered]]) : rendered;
}
