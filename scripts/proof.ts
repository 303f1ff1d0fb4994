#!/usr/bin/env node
/**
 * `npm run proof -- [CASE…] [--rounds N] [--draws N] [--seed N]`: what hopcost claims of itself, shown live on this host. It takes minutes and
 * wants a quiet machine, so it is no part of the tests. What does not hold ends in exit code 1.
 */
import { parseArgs } from 'node:util';
import { cases } from '#test/proof/cases.ts';
import { explain } from '#bench/model/errors.ts';
import { EXIT } from './exit.ts';
import { parseInteger } from './flags.ts';
import { onInterrupt } from './interrupt.ts';
import { known } from './nearest.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '120' },
    draws: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
const size = {
  rounds: parseInteger('--rounds', values.rounds, 12, 10_000),
  draws: parseInteger('--draws', values.draws, 1, 100_000),
  seed: parseInteger('--seed', values.seed, 0, 2 ** 31 - 1),
};
const names = cases.map(({ name }) => name);
for (const name of positionals) known('proof', name, names);
using interruption = onInterrupt();
const { signal } = interruption;

for (const { name, summary, run } of cases) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stdout.write(`${name}: ${summary}\n`);
  try {
    const { lines, holds } = await run(size, signal, (line) => process.stderr.write(`  ${line}\n`));
    for (const line of lines) process.stdout.write(`  ${line}\n`);
    process.stdout.write(holds ? '  holds\n' : '  DOES NOT HOLD\n');
    if (!holds) process.exitCode = EXIT.failure;
  } catch (error) {
    if (signal.aborted) {
      process.exitCode = EXIT.interrupted;
      break;
    }
    process.stdout.write(`  COULD NOT BE SHOWN: ${explain(error)}\n`);
    process.exitCode = EXIT.failure;
  }
}
