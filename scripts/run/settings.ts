/** Flags over `bench.config.ts` over the preset → one checked set of settings. */
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { whyNotChained } from '#bench/lab/topology.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { millis } from '#bench/model/units.ts';
import type { Settings } from '#bench/run/spec.ts';
import { PRESETS } from '#bench/plan/presets.ts';
import { FAMILIES, SCENARIOS } from '#bench/plan/scenarios.ts';
import { type BenchConfig, HOPS } from '../config.ts';
import { UsageError } from '#bench/model/errors.ts';
import { parseDuration, parseInteger, parseList } from '../flags.ts';
import { choose, known } from '../nearest.ts';
import { BASE, choosePaced, type PacedFlags, refuseUnpaced, sweepOver } from './paced.ts';
import { chooseProxies, OWN, ownProxies } from './proxies.ts';
import { chooseTargets, scenariosFor, type TargetFlags } from './targets.ts';

/** As commander hands them over: texts, absent where not given. */
export interface BenchFlags extends TargetFlags, PacedFlags {
  readonly preset?: string;
  readonly proxies?: string;
  readonly scenarios?: string;
  readonly generations?: string;
  readonly rounds?: string;
  readonly duration?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly driver?: string;
  readonly hops?: string;
  readonly secondOpinion?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

const DRIVERS = ['http1', 'autocannon'] as const;
const WINDOW = { least: 200, most: 600_000 };

export async function settle(flags: BenchFlags, config: BenchConfig): Promise<Settings> {
  const presetName = known(
    'preset',
    flags.preset ?? config.preset ?? 'quick',
    PRESETS.map(({ name }) => name),
  );
  const preset = PRESETS.find(({ name }) => name === presetName)!;
  const duration = flags.duration ?? config.duration;
  const driver = known('driver', flags.driver ?? config.driver ?? 'http1', DRIVERS) as Settings['driver'];
  const paced = choosePaced({ ...flags, driver });
  const targets = paced ? undefined : chooseTargets(flags, config);
  // Whoever names a target alone wants that one, next to direct.
  const kept = config.proxies ?? (targets ? [] : [preset.proxies]);
  const asked = flags.proxies ? parseList(flags.proxies) : [...kept, ...OWN];
  const scenarioNames = SCENARIOS.map(({ name }) => name);
  const wanted = flags.scenarios ? parseList(flags.scenarios) : paced ? [BASE] : config.scenarios;
  const shapes = wanted ?? (preset.scenarios === 'all' ? scenarioNames : preset.scenarios);
  const names = choose(
    'scenario',
    shapes.flatMap((name) => FAMILIES[name] ?? [name]),
    scenarioNames,
  );
  const bases = SCENARIOS.filter(({ name }) => names.includes(name));
  if (paced) refuseUnpaced(bases);
  const { scenarios: local, samples } = sweepOver(bases, paced ?? {}, wanted ? undefined : preset);
  for (const { name, loop } of local)
    if (loop.kind === 'paced' && !names.includes(loop.of))
      throw new UsageError(
        `scenario ${name} takes its rate from ${loop.of}, which is not chosen: add ${loop.of} to --scenarios`,
      );
  const chosen = await chooseProxies(asked, ownProxies(config), local);
  const { skipped } = chosen;
  const definitions = [...chosen.definitions, ...(targets?.definitions ?? [])];
  // Saturating direct tells nothing of a target: where there is nothing else, all is sent at the target's pace.
  const scenarios = [
    ...(targets && chosen.definitions.length === 0 ? [] : local),
    ...(targets ? scenariosFor(targets, names) : []),
  ];
  if (driver === 'autocannon') refuseForAutocannon(scenarios);
  const hops = flags.hops !== undefined ? parseInteger('--hops', flags.hops, ...HOPS) : (config.hops ?? 1);
  const unchained = hops > 1 ? whyUnchained(definitions, hops) : [];
  const generations =
    flags.generations !== undefined
      ? parseInteger('--generations', flags.generations, 1, 1_000)
      : paced?.objective && !paced.points
        ? 0 // the search alone
        : (config.generations ?? preset.generations);
  const rounds =
    flags.rounds !== undefined ? parseInteger('--rounds', flags.rounds, 1, 1_000) : (config.rounds ?? preset.rounds);
  const again = preset.again === 'all' ? scenarioNames : preset.again;
  // One hop runs twice (A/A): the L7 reference, or what comes first.
  const isPlainReference = ({ isReference, layer, capabilities }: ProxyDefinition): boolean =>
    isReference === true && layer === 'l7' && !capabilities.has('tls-termination');
  const twin = (definitions.find(isPlainReference) ?? definitions[0])?.name;
  return {
    preset: presetName,
    isForFigures: preset.isForFigures,
    proxies: definitions,
    ...(targets && { targets }),
    named: [...chosen.named, ...(targets?.definitions ?? []).map(({ name }) => name)],
    skipped,
    unchained,
    subjects: [
      { name: 'direct', layer: 'direct', capabilities: new Set() },
      ...definitions.map(({ name, layer, capabilities, isReference, external }) => ({
        name,
        layer,
        capabilities,
        ...(isReference && { isReference }),
        ...(name === twin && { again }),
        ...(external && { external }),
      })),
      ...definitions
        .filter((definition) => whyNotChained(definition) === undefined)
        .flatMap(({ name, layer, capabilities }) =>
          Array.from({ length: hops - 1 }, (_, i) => ({ name, layer, capabilities, hops: i + 2 })),
        ),
    ],
    scenarios,
    generations,
    rounds,
    ...(flags.generations === undefined && preset.time !== undefined && { time: preset.time }),
    warmup: preset.warmup,
    ...(samples !== undefined && { samples }),
    ...(paced?.objective && { search: { objective: paced.objective, scenarios: bases } }),
    micro: generations === 0 ? millis(0) : preset.micro,
    calibrate: preset.calibrate,
    secondOpinion: flags.secondOpinion ?? config.secondOpinion ?? preset.secondOpinion,
    window: duration !== undefined ? parseDuration('--duration', duration, WINDOW.least, WINDOW.most) : preset.window,
    seed:
      flags.seed !== undefined
        ? parseInteger('--seed', flags.seed, 0, 2 ** 31 - 1)
        : (config.seed ?? randomInt(2 ** 31)),
    out: resolve(flags.out ?? config.out ?? 'reports/out'),
    driver,
    strict: flags.strict ?? config.strict ?? false,
    json: flags.json ?? false,
  };
}

function whyUnchained(definitions: readonly ProxyDefinition[], hops: number): string[] {
  const lines = definitions.flatMap((definition) => {
    const why = whyNotChained(definition);
    return why === undefined ? [] : [`${definition.name}: ${why}`];
  });
  if (lines.length === definitions.length)
    throw new UsageError(
      `--hops ${hops}: none of the chosen proxies can stand in a row (${lines.join('; ') || 'there is none'}); add l4-tcp or l7-http to --proxies`,
    );
  return lines;
}

function refuseForAutocannon(scenarios: readonly Scenario[]): void {
  const unable = scenarios.filter(
    ({ traffic, loop }) =>
      traffic.kind !== 'http' ||
      traffic.tls !== 'none' ||
      traffic.connection !== 'keep-alive' ||
      loop.kind !== 'closed',
  );
  if (unable.length > 0)
    throw new UsageError(
      `--driver autocannon drives keep-alive plain HTTP in a closed loop only; not ${unable.map(({ name }) => name).join(', ')}: name others with --scenarios`,
    );
}
