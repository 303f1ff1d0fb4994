/** Runs the suite over a proxy as often as it takes to tell what it does otherwise from what depends on timing. */
import type { ProxyDefinition } from '#proxies/contract.ts';
import { runConformance, type Verdict } from '../run.ts';
import { recordedOf } from './known.ts';
import { deviatingIn } from './record.ts';
import { writeRecorded } from './recorded.ts';

export interface Observing {
  /** Of the whole suite, and as often of the subset that runs before each measurement. */
  readonly runs: number;
  /** Called before each. */
  readonly starting?: (run: number, of: number) => void;
}

/** As it is measured, in a process of its own. Nothing is expected to fail: each case has all of its time. */
export async function observe(
  definition: ProxyDefinition,
  { runs, starting }: Observing,
  signal: AbortSignal,
): Promise<Verdict[][]> {
  const found: Verdict[][] = [];
  for (let run = 0; run < 2 * runs; run++) {
    starting?.(run + 1, 2 * runs);
    const options = {
      quick: run % 2 === 1,
      seed: 1 + run,
      deviations: [],
      launch: { kind: 'child', cores: null },
    } as const;
    found.push(await runConformance(definition, options, signal));
  }
  return found;
}

/** The record of its maker with what was seen of this proxy now; the others in it stay as they are. */
export function recordWith({ name, family }: ProxyDefinition, runs: readonly (readonly Verdict[])[]): string {
  const before = recordedOf(family);
  return writeRecorded(new Map([...before, [name, deviatingIn(runs, before.get(name))]]));
}
