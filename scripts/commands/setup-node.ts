import { Command } from 'commander';
import { NODE_VERSION, setupNode } from '../setup/node.cjs';

export const setupNodeCommand = (): Command =>
  new Command('setup-node')
    .description(`fetch Node ${NODE_VERSION}, which claims are measured with, for hopcost alone`)
    .action(() => {
      process.exitCode = setupNode();
    });
