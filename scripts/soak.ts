#!/usr/bin/env node
/**
 * `npm run soak -- [CASE…] [--ci] [--size JSON]`: the reliability cases at full size, one after the other. What does not hold ends in exit
 * code 1; what depends on the machine is printed. `--size` changes single parameters of the one case that is named.
 */
import { parseArgs } from 'node:util';
import { cases } from '#test/soak/cases.ts';
import { explain } from '#bench/model/errors.ts';
import { EXIT } from './exit.ts';
import { known } from './nearest.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { ci: { type: 'boolean', default: false }, size: { type: 'string', default: '{}' } },
});
const names = cases.map(({ name }) => name);
for (const name of positionals) known('soak case', name, names);

for (const soakCase of cases) {
  const { name, summary, ci, full } = soakCase;
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const size = { ...(values.ci ? ci : full), ...(JSON.parse(values.size) as object) };
  process.stdout.write(`${name}: ${summary}\n  ${JSON.stringify(size)}\n`);
  const from = performance.now();
  try {
    for (const [what, figure] of Object.entries(await soakCase.run(size as never, !values.ci)))
      process.stdout.write(`  ${what.padEnd(44)} ${figure}\n`);
    process.stdout.write(`  held, in ${((performance.now() - from) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    process.stdout.write(`  DID NOT HOLD: ${explain(error)}\n`);
    process.exitCode = EXIT.failure;
  }
}
