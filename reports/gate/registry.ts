/** Every output of the gate; the next one is one more line. */
import { annotations } from './annotations.ts';
import { benchfmtBase, benchfmtHead } from './benchfmt.ts';
import { bencher } from './bencher.ts';
import { comment } from './comment.ts';
import type { GateOutput } from './contract.ts';
import { gateJson } from './json.ts';
import { junit } from './junit.ts';
import { smallerIsBetter } from './smaller-is-better.ts';
import { stepSummary } from './step-summary.ts';
import { gateTerminal } from './terminal.ts';

export const gateOutputs: readonly GateOutput[] = [
  gateJson,
  gateTerminal,
  stepSummary,
  annotations,
  comment,
  junit,
  bencher,
  smallerIsBetter,
  benchfmtBase,
  benchfmtHead,
];
