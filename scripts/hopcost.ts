#!/usr/bin/env node
/** The command line: what each command is called and takes. What it does is in `commands/`. */
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { backendCommand } from './commands/backend.ts';
import { compareCommand } from './commands/compare.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { doctorCommand } from './commands/doctor.ts';
import { gateCommand } from './commands/gate.ts';
import { historyCommand } from './commands/history.ts';
import { listCommand } from './commands/list.ts';
import { microCommand } from './commands/micro.ts';
import { proxyCommand } from './commands/proxy.ts';
import { reportCommand } from './commands/report.ts';
import { serveCommand } from './commands/serve.ts';
import { setupPeersCommand } from './commands/setup-peers.ts';
import { explain } from '#bench/model/errors.ts';
import { EXIT, isUsage } from './exit.ts';
import { Interrupted } from './interrupt.ts';
import { version } from './version.ts';

const program = new Command('hopcost')
  .description('What does this proxy hop cost me, and did my change make it worse?')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(hopcost --help lists every command)')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 runtime failure or no figure of a named subject, 2 usage or configuration,\n98 an invalid gate, or inconclusive under --strict, 99 regression or budget exceeded, 130 interrupted.',
  );

for (const command of [
  benchCommand,
  gateCommand,
  listCommand,
  doctorCommand,
  reportCommand,
  compareCommand,
  historyCommand,
  serveCommand,
  microCommand,
  conformanceCommand,
  proxyCommand,
  backendCommand,
  setupPeersCommand,
])
  program.addCommand(command().exitOverride());

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failure),
);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.stderr.write(`hopcost: ${explain(error)}\n`);
    if (process.env['HOPCOST_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = error instanceof Interrupted ? EXIT.interrupted : isUsage(error) ? EXIT.usage : EXIT.failure;
  }
}
