/** A gate's result → every output in the run's folder, and the summary on stdout. */
import { join, resolve } from 'node:path';
import { analyse } from '#bench/analysis/analyse.ts';
import type { GateResult } from '#bench/gate/result.ts';
import { gateJson } from '#reports/gate/json.ts';
import { renderGateTerminal } from '#reports/gate/terminal.ts';
import { writeGateOutputs } from '#reports/gate/write.ts';
import { writeReports } from '#reports/write.ts';
import { terminalOf } from '../terminal.ts';
import { explain } from '#bench/model/errors.ts';
import { readRun } from '../run/read.ts';

/** `json`: the result itself on stdout. */
export async function reportGate(result: GateResult, { json }: { readonly json: boolean }): Promise<void> {
  const folder = resolve(result.directory);
  await writeGateOutputs(result, folder);
  process.stdout.write(json ? gateJson.render(result) : renderGateTerminal(result, terminalOf(process.stdout)));
  try {
    const records = await readRun(folder);
    await writeReports(analyse(records), records, folder);
    process.stderr.write(`\nreport: ${join(result.directory, 'report.html')}\n`);
  } catch (error) {
    // The verdict stands without charts.
    process.stderr.write(`\nnote: the run's own report could not be written: ${explain(error)}\n`);
  }
}
