/** The result itself, for whoever wants all of it; `gate` is the version of this shape. */
import type { GateOutput } from './contract.ts';

export const gateJson: GateOutput = {
  format: 'json',
  file: 'gate.json',
  render: (result) => `${JSON.stringify({ gate: 1, ...result }, null, 2)}\n`,
};
