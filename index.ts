/**
 * What other programs import as `hopcost`: the configuration's types, the records of a run, and their analysis, which is pure: no file
 * is read and nothing is measured.
 *
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { analyse, readRecords } from 'hopcost';
 *
 * const { records } = readRecords(await readFile('reports/out/latest/trials.ndjson', 'utf8'));
 * for (const { sentence } of analyse(records).findings) console.log(sentence);
 * ```
 */
import '#proxies/platform/older-node.ts';

export { analyse } from '#bench/analysis/analyse.ts';
export type { Analysis } from '#bench/analysis/analysis.ts';
export { readRecords, RecordError, type ReadRecords } from '#bench/model/read.ts';
export { RunLine, type RunRecords, SCHEMA_VERSION } from '#bench/model/record.ts';
export { defineConfig } from '#scripts/config.ts';
