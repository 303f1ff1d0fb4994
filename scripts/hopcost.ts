#!/usr/bin/env node
/** The command line: what each command is called. What it takes and does is in `commands/`. */
import '#proxies/platform/older-node.ts';
import { Command, CommanderError } from 'commander';
import { explain } from '#bench/model/errors.ts';
import { EXIT, isUsage } from './exit.ts';
import { Interrupted } from './interrupt.ts';
import { version } from './version.ts';

/** In the order of the help. Each brings what it needs, and no other is loaded with it. */
const COMMANDS: Readonly<Record<string, () => Promise<() => Command>>> = {
  bench: async () => (await import('./commands/bench.ts')).benchCommand,
  prices: async () => (await import('./commands/prices.ts')).pricesCommand,
  resilience: async () => (await import('./commands/resilience.ts')).resilienceCommand,
  gate: async () => (await import('./commands/gate.ts')).gateCommand,
  list: async () => (await import('./commands/list.ts')).listCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  history: async () => (await import('./commands/history.ts')).historyCommand,
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  micro: async () => (await import('./commands/micro.ts')).microCommand,
  conformance: async () => (await import('./commands/conformance.ts')).conformanceCommand,
  proxy: async () => (await import('./commands/proxy.ts')).proxyCommand,
  backend: async () => (await import('./commands/backend.ts')).backendCommand,
  'setup-peers': async () => (await import('./commands/setup-peers.ts')).setupPeersCommand,
  'setup-node': async () => (await import('./commands/setup-node.ts')).setupNodeCommand,
};

const program = new Command('hopcost')
  .description('What does this proxy hop cost me, and did my change make it worse?')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(hopcost --help lists every command)')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 runtime failure or no figure of a named subject, 2 usage or configuration,\n3 a host that is unfit (doctor), 98 an invalid gate, or inconclusive under --strict,\n99 regression or budget exceeded, 130 interrupted.',
  );

/** Undefined where it is asked for none by name: the help shows them all. */
const asked = Object.entries(COMMANDS).find(([name]) => name === process.argv[2])?.[1];
for (const load of asked ? [asked] : Object.values(COMMANDS)) program.addCommand((await load())().exitOverride());

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
