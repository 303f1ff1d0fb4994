/**
 * `hopcost gate` with a single round, which no command line takes because it is too few for a verdict: all but the verdict is as in a whole one.
 * The flags are its only argument, as JSON.
 */
import { conclude, type GateFlags, gateSettings, runGate } from '#scripts/commands/gate.ts';
import { loadConfig } from '#scripts/config.ts';
import { onInterrupt } from '#scripts/interrupt.ts';

const flags = JSON.parse(process.argv[2]!) as GateFlags & { readonly base: string };
const config = await loadConfig(process.cwd());
const settings = await gateSettings(flags, config);
using interruption = onInterrupt();
const plan = {
  proxies: settings.proxies,
  config: config.gate ?? {},
  ruler: flags.rules === 'head' ? ('head' as const) : ('base' as const),
  settle: () => Promise.resolve({ settings, rounds: { first: 1, second: 1 } }),
  written: [settings.out],
};
await conclude(await runGate(flags.base, plan, interruption.signal), flags, settings.strict);
