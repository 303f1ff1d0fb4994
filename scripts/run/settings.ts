/** Flags over `bench.config.ts` over the preset → one checked set of settings. */
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { whyNotChained } from '#bench/lab/topology.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { millis } from '#bench/model/units.ts';
import type { Settings } from '#bench/run/spec.ts';
import { type Preset, PRESETS } from '#bench/plan/presets.ts';
import { FAMILIES, SCENARIOS } from '#bench/plan/scenarios.ts';
import { type BenchConfig, HOPS } from '../config.ts';
import { UsageError } from '#bench/model/errors.ts';
import { parseDuration, parseInteger, parseList } from '../flags.ts';
import { choose, known } from '../nearest.ts';
import { BASE, choosePaced, type Paced, type PacedFlags, refuseUnpaced, sweepOver } from './paced.ts';
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
  const wanted = flags.scenarios ? parseList(flags.scenarios) : paced ? [BASE] : config.scenarios;
  const { names, bases, local, samples } = shapesOf(wanted, preset, paced);
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
  // Whoever says how many gets them, however long they take.
  const isUsual = (flags.generations ?? config.generations) === undefined;
  const rounds =
    flags.rounds !== undefined ? parseInteger('--rounds', flags.rounds, 1, 1_000) : (config.rounds ?? preset.rounds);
  return {
    preset: presetName,
    isForFigures: preset.isForFigures,
    proxies: definitions,
    ...(targets && { targets }),
    named: [...chosen.named, ...(targets?.definitions ?? []).map(({ name }) => name)],
    skipped,
    unchained,
    subjects: subjectsOf(definitions, hops, preset.again),
    scenarios,
    generations,
    rounds,
    ...(isUsual && preset.time !== undefined && { time: preset.time }),
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

/** The scenarios by themselves, or over the rates that are asked for, as they run on this host. */
function shapesOf(wanted: readonly string[] | undefined, preset: Preset, paced: Paced | undefined) {
  const all = SCENARIOS.map(({ name }) => name);
  const shapes = wanted ?? preset.scenarios;
  const names = choose(
    'scenario',
    shapes.flatMap((name) => FAMILIES[name] ?? [name]),
    all,
  );
  const bases = SCENARIOS.filter(({ name }) => names.includes(name));
  if (paced) refuseUnpaced(bases);
  const { scenarios: local, samples } = sweepOver(bases, paced ?? {}, wanted ? undefined : preset);
  for (const { name, loop } of local)
    if (loop.kind === 'paced' && !names.includes(loop.of))
      throw new UsageError(
        `scenario ${name} takes its rate from ${loop.of}, which is not chosen: add ${loop.of} to --scenarios`,
      );
  return { names, bases, local, samples };
}

/** Direct, then each proxy, then those that stand in a row; one runs twice (A/A): the L7 reference, or what comes first. */
function subjectsOf(
  definitions: readonly ProxyDefinition[],
  hops: number,
  again: Preset['again'],
): Settings['subjects'] {
  const isPlainReference = ({ isReference, layer, capabilities }: ProxyDefinition): boolean =>
    isReference === true && layer === 'l7' && !capabilities.has('tls-termination');
  const twin = definitions.find(isPlainReference) ?? definitions[0];
  const inRow = definitions.filter((definition) => whyNotChained(definition) === undefined);
  return [
    { name: 'direct', layer: 'direct', capabilities: new Set() },
    ...definitions.map((definition) => {
      const { name, layer, capabilities, isReference, external } = definition;
      return {
        name,
        layer,
        capabilities,
        ...(isReference && { isReference }),
        ...(definition === twin && { again: again === 'all' ? SCENARIOS.map((scenario) => scenario.name) : again }),
        ...(external && { external }),
      };
    }),
    ...inRow.flatMap(({ name, layer, capabilities }) =>
      Array.from({ length: hops - 1 }, (_, i) => ({ name, layer, capabilities, hops: i + 2 })),
    ),
  ];
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
