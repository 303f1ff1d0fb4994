/** An output of the gate: one result, one text, one file in the run's folder. Pure; one output a file, `registry.ts` lists them. */
import type { GateResult } from '#bench/gate/result.ts';

export interface GateOutput {
  readonly format: string;
  readonly file: string;
  render(result: GateResult): string;
}
