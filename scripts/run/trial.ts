/** One measured trial in one disposable scope: origin, proxy, load, probes; then the verdict. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openTopology } from '#bench/lab/topology.ts';
import type { TopologyShared } from '#bench/lab/topology.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import type { LoadJob } from '#bench/model/load.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import type { Loop } from '#bench/model/scenario.ts';
import { epochMillis, millis } from '#bench/model/units.ts';
import { judgeTrial } from '#bench/analysis/verdict.ts';
import type { PlannedTrial } from '#bench/plan/rounds.ts';
import { measureWindow } from '#bench/probes/window.ts';
import { explain } from '../exit.ts';
import type { Settings } from './settings.ts';

const TIMEOUTS: LoadJob['timeouts'] = { connect: millis(5_000), response: millis(10_000) };

/** Time for the load workers to open their connections before the first request. */
const lead = (connections: number, tls: boolean): number => 150 + connections * (tls ? 1.5 : 0.25);

const now = (): number => performance.timeOrigin + performance.now();

export interface TrialContext extends TopologyShared {
  readonly settings: Settings;
  readonly pool: LoadPool;
}

/** Never rejects but for an abort of `signal`: what goes wrong is the trial's result. */
export async function runTrial(
  planned: PlannedTrial,
  loop: Loop,
  context: TrialContext,
  signal: AbortSignal,
): Promise<TrialRecord> {
  const id = {
    record: 'trial' as const,
    scenario: planned.scenario.name,
    subject: planned.subject,
    round: planned.round,
    position: planned.position,
    startedAt: new Date().toISOString(),
    loop,
  };
  try {
    return { ...id, ...(await measure(planned, loop, context, signal)) };
  } catch (error) {
    signal.throwIfAborted();
    const { code, detail } = error as { code?: unknown; detail?: unknown };
    return {
      ...id,
      state: 'failed',
      error: {
        code: String(code ?? (error as Error).name),
        message: explain(error),
        ...(typeof detail === 'string' && { detail }),
      },
    };
  }
}
