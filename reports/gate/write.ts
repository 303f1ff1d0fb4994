/** Every output of the gate in the run's folder. */
import type { GateResult } from '#bench/gate/result.ts';
import { writeAll } from '../write.ts';
import { gateOutputs } from './registry.ts';

/** Paths of the files written, each replaced in one step; rejects as `writeAll` does. */
export const writeGateOutputs = (result: GateResult, folder: string): Promise<string[]> =>
  writeAll(
    gateOutputs.map((output) => ({ format: output.format, file: output.file, render: () => output.render(result) })),
    folder,
  );
