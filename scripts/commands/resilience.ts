import { randomInt } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { FaultTrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { FAULTS } from '#bench/plan/faults.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { type FaultObserver, type ResilienceSettings, runResilience } from '#bench/run/resilience.ts';
import { trialWords } from '#bench/analysis/faults/words.ts';
import { type BenchConfig, loadConfig } from '../config.ts';
import { EXIT } from '../exit.ts';
import { parseInteger, parseList } from '../flags.ts';
import { onInterrupt } from '../interrupt.ts';
import { choose, known } from '../nearest.ts';
import { openFile } from '../open.ts';
import { chooseProxies, OWN, ownProxies } from '../run/proxies.ts';
import { renderRun } from '../run/render.ts';
import { revision, version } from '../version.ts';

interface ResilienceFlags {
  readonly proxies?: string;
  readonly faults?: string;
  readonly policies?: string;
  readonly repeats?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly open?: boolean;
  readonly json?: boolean;
}

/** Ours at each layer, and one of each maker: those that are installed. */
const PROXIES = ['l7-http', 'l4-tcp', 'nginx-http', 'haproxy-http', 'envoy-http', 'traefik-http', 'caddy-http'];
const POLICIES = { on: ['on'], off: ['off'], both: ['on', 'off'] } as const;

export const resilienceCommand = (): Command =>
  new Command('resilience')
    .description('what users see when an origin dies, stalls, flaps or answers 503, and when the proxy is reconfigured')
    .option('--proxies <a,b>', `subjects next to direct (default: ${PROXIES.join(', ')}, those that are installed)`)
    .option('--faults <a,b>', `of ${FAULTS.map(({ name }) => name).join(', ')} (default: all)`)
    .option('--policies <which>', 'around the endpoints of each proxy: on, off or both (default)')
    .option('--repeats <n>', 'times that each subject meets each fault', '1')
    .option('--seed <n>', 'of the order, the arrivals and the instants of each repeat')
    .option('--out <folder>', 'where the folders of runs are kept (default reports/out)')
    .option('--open', 'open the report once it is written')
    .option('--json', 'print report.json on stdout instead of the summary')
    .action(async (flags: ResilienceFlags) => {
      const config = await loadConfig(process.cwd());
      const settings = await settle(flags, config);
      using interruption = onInterrupt();
      const surroundings = {
        hopcost: version,
        revision: revision(),
        command: ['hopcost', ...process.argv.slice(2)],
        observer: observe(),
      };
      const { directory, interrupted, records } = await runResilience(settings, surroundings, interruption.signal);
      await renderRun(directory, { json: flags.json ?? false });
      if (flags.open) await openFile(join(directory, 'report.html'));
      const completed = records.faults?.some(({ outcome }) => outcome.state === 'completed') === true;
      process.exitCode = interrupted ? EXIT.interrupted : completed ? EXIT.ok : EXIT.failure;
    });

async function settle(flags: ResilienceFlags, config: BenchConfig): Promise<ResilienceSettings> {
  const names = choose(
    'fault',
    parseList(flags.faults ?? FAULTS.map(({ name }) => name).join(',')),
    FAULTS.map(({ name }) => name),
  );
  const policies = known('policies', flags.policies ?? 'both', Object.keys(POLICIES)) as keyof typeof POLICIES;
  const plain = SCENARIOS.filter(({ role }) => role === 'plain');
  const { definitions, skipped } = await chosen(flags.proxies, config, plain);
  return {
    proxies: definitions,
    skipped,
    faults: FAULTS.filter(({ name }) => names.includes(name)),
    policies: POLICIES[policies],
    repeats: parseInteger('--repeats', flags.repeats ?? '1', 1, 100),
    seed: flags.seed === undefined ? randomInt(2 ** 31) : parseInteger('--seed', flags.seed, 0, 2 ** 31 - 1),
    out: resolve(flags.out ?? config.out ?? 'reports/out'),
  };
}

/** By default what is missing here is left out, and said; what is named must be there. */
async function chosen(proxies: string | undefined, config: BenchConfig, plain: typeof SCENARIOS) {
  const own = ownProxies(config);
  if (proxies !== undefined) return chooseProxies(parseList(proxies), own, plain);
  const { definitions, skipped } = await chooseProxies(['installed', ...OWN], own, plain);
  const isDefault = (name: string): boolean => PROXIES.includes(name) || own.some((one) => one.name === name);
  return {
    definitions: definitions.filter(({ name }) => isDefault(name)),
    skipped: skipped.filter((line) => PROXIES.some((name) => line.startsWith(`${name} `))),
  };
}

/** Lines on stderr: one a trial. */
function observe(): FaultObserver {
  return {
    note: (line) => process.stderr.write(`${line}\n`),
    doing: (line) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${line}`),
    finished(trial: FaultTrialRecord, { done, planned }) {
      const name = `${trial.fault} · ${subjectName(trial.subject)}${trial.policies === 'on' ? ' with policies' : ''}`;
      const clear = process.stderr.isTTY ? '\r\u001b[K' : '';
      process.stderr.write(`${clear}${done}/${planned}  ${name.padEnd(44)} ${trialWords(trial)}\n`);
    },
  };
}
