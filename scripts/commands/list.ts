import { Command } from 'commander';
import { backends } from '#backends/registry.ts';
import { proxies } from '#proxies/registry.ts';
import { PRESETS } from '#bench/plan/presets.ts';
import { loadConfig } from '../config.ts';
import { ownProxies } from '../run/proxies.ts';
import { FAMILIES, SCENARIOS } from '#bench/plan/scenarios.ts';

const row = (name: string, ...cells: string[]): string => `  ${name.padEnd(22)} ${cells.join('  ')}`.trimEnd();

export const listCommand = (): Command =>
  new Command('list')
    .description('every subject, scenario, preset and origin, and what is missing here')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const config = await loadConfig(process.cwd());
      const subjects = await Promise.all(
        [...proxies.values(), ...ownProxies(config)].map(async (proxy) => {
          const { name, layer, summary, capabilities } = proxy;
          return { name, layer, summary, capabilities: [...capabilities], availability: await proxy.availability() };
        }),
      );
      if (json) {
        const scenarios = SCENARIOS.map(({ name, axis, summary }) => ({ name, axis, summary }));
        process.stdout.write(
          `${JSON.stringify({ subjects, scenarios, families: FAMILIES, presets: PRESETS, backends: [...backends.values()].map(({ name, protocol, summary }) => ({ name, protocol, summary })) }, null, 2)}\n`,
        );
        return;
      }
      const lines = [
        'Subjects',
        row('direct', '--', 'no proxy: what every hop is compared with'),
        ...subjects.map(({ name, layer, summary, availability }) =>
          row(
            name,
            layer,
            availability.state === 'ready'
              ? `${summary}  (${availability.version})`
              : `missing: ${availability.reason}; what to do: ${availability.install}`,
          ),
        ),
        '',
        'Scenarios',
        ...SCENARIOS.map(({ name, summary }) => row(name, summary)),
        ...Object.entries(FAMILIES).map(([name, members]) => row(name, `= ${members.join(', ')}`)),
        '',
        'Presets',
        ...PRESETS.map(({ name, summary }) => row(name, summary)),
        '',
        'Origins',
        ...[...backends.values()].map(({ name, summary }) => row(name, summary)),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    });
