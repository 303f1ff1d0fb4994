/** A gate's run as a line of the branch's history. */
import { resolve } from 'node:path';
import { historyLine } from '#bench/analysis/across-runs/history-line.ts';
import type { GateResult } from '#bench/gate/result.ts';
import { appendHistory } from '../run/history-file.ts';
import { readRun } from '../run/read.ts';

/** Whatever the verdict: the branch costs what it costs. Throws `UsageError` where the file cannot be written. */
export async function keepHistory(file: string, { directory, mode, base, head, metrics }: GateResult): Promise<void> {
  const records = await readRun(resolve(directory));
  const line = historyLine(records, mode.kind === 'revisions' ? { base: base.commit, metrics } : undefined);
  await appendHistory(file, { ...line, commit: head.commit, dirty: head.dirty });
}
