/** Flags of `hopcost prices` → one checked set of settings. */
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { pricedFilters, type PricedFilter } from '#bench/lab/priced-filters.ts';
import { UsageError } from '#bench/model/errors.ts';
import { NO_WINDOW, PRICES_PRESETS } from '#bench/plan/prices.ts';
import { filtersOf, type PricesRun } from '#bench/run/prices.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import type { BenchConfig } from '../config.ts';
import { parseInteger, parseList } from '../flags.ts';
import { choose, known } from '../nearest.ts';
import { chooseProxies } from './proxies.ts';

/** As commander hands them over: texts, absent where not given. */
export interface PricesFlags {
  readonly preset?: string;
  readonly filters?: string;
  readonly proxies?: string;
  readonly generations?: string;
  readonly rounds?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** A proxy beside itself: what differs is noise, whatever is chosen. */
const NOTHING = 'nothing';

/** By their own names, or all that are priced of a filter. */
export function chooseFilters(asked: readonly string[] | undefined, all: readonly PricedFilter[]): PricedFilter[] {
  if (asked === undefined) return [...all];
  const byFilter = (name: string): string[] =>
    all.filter(({ needs }) => needs.length === 1 && (needs as readonly string[]).includes(name)).map((one) => one.name);
  const filters = [...new Set(all.flatMap(({ needs }) => needs as readonly string[]))];
  const names = choose('filter', asked, [...new Set([...all.map(({ name }) => name), ...filters])]);
  const wanted = new Set(names.flatMap((name) => (all.some((one) => one.name === name) ? [name] : byFilter(name))));
  return all.filter(({ name }) => name === NOTHING || wanted.has(name));
}

const isPlainL7 = ({ layer, capabilities }: ProxyDefinition): boolean =>
  layer === 'l7' && !capabilities.has('tls-termination') && !capabilities.has('connect');

export async function settlePrices(flags: PricesFlags, config: BenchConfig): Promise<PricesRun> {
  const names = PRICES_PRESETS.map(({ name }) => name);
  const preset = PRICES_PRESETS.find(({ name }) => name === known('preset', flags.preset ?? 'quick', names))!;
  const filters = chooseFilters(flags.filters === undefined ? undefined : parseList(flags.filters), pricedFilters());
  const scenarios = filters.map(({ scenario }) => scenario);
  const asked = flags.proxies === undefined ? ['installed'] : parseList(flags.proxies);
  const chosen = await chooseProxies(asked, [], scenarios);
  const hasFilters = (definition: ProxyDefinition): boolean =>
    isPlainL7(definition) && filtersOf(definition, filters).some(({ name }) => name !== NOTHING);
  for (const definition of chosen.definitions)
    if (chosen.named.includes(definition.name) && !hasFilters(definition))
      throw new UsageError(
        `${definition.name} has no price: ${isPlainL7(definition) ? `it offers none of ${filters.map(({ name }) => name).join(', ')}` : 'prices are of L7 proxies without TLS'}; leave it out of --proxies`,
      );
  const proxies = chosen.definitions.filter(hasFilters);
  if (proxies.length === 0)
    throw new UsageError('none of the proxies that are installed has any of these filters; `hopcost list` shows both');
  const count = (flag: 'generations' | 'rounds', usual: number): number =>
    flags[flag] === undefined ? usual : parseInteger(`--${flag}`, flags[flag], 1, 1_000);
  return {
    filters,
    settings: {
      preset: preset.name,
      isForFigures: preset.isForFigures,
      proxies,
      named: chosen.named,
      skipped: chosen.skipped,
      unchained: [],
      subjects: proxies.map(({ name, layer, capabilities }) => ({ name, layer, capabilities })),
      scenarios,
      generations: count('generations', preset.generations),
      rounds: count('rounds', preset.rounds),
      warmup: NO_WINDOW,
      window: NO_WINDOW,
      micro: NO_WINDOW,
      calibrate: 'none',
      secondOpinion: false,
      seed:
        flags.seed === undefined
          ? (config.seed ?? randomInt(2 ** 31))
          : parseInteger('--seed', flags.seed, 0, 2 ** 31 - 1),
      out: resolve(flags.out ?? config.out ?? 'reports/out'),
      driver: 'http1',
      strict: flags.strict ?? config.strict ?? false,
      json: flags.json ?? false,
    },
  };
}
