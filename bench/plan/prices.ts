/** Filters × proxies → generations of trials: each proxy alone and with each of its filters, all alive at once. Pure. */
import type { Scenario, Subject } from '#bench/model/scenario.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import type { PlannedTrial } from './generations.ts';

/** How much a price list measures. */
export interface PricesPreset {
  readonly name: string;
  readonly summary: string;
  readonly isForFigures: boolean;
  readonly generations: number;
  readonly rounds: number;
}

export const PRICES_PRESETS: readonly PricesPreset[] = [
  {
    name: 'smoke',
    summary: 'does everything run? figures are not to be trusted',
    isForFigures: false,
    generations: 1,
    rounds: 2,
  },
  { name: 'quick', summary: 'to some tenths of a microsecond', isForFigures: true, generations: 4, rounds: 6 },
  {
    name: 'full',
    summary: 'to a tenth of a microsecond, where the host is quiet',
    isForFigures: true,
    generations: 6,
    rounds: 12,
  },
];

/** What is to be priced at a proxy, in the order of the list. */
export interface PricedProxy {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

export interface PricesPlan {
  readonly proxies: readonly PricedProxy[];
  readonly generations: number;
  readonly seed: number;
  /** Processes of subjects that fit at once; two at least. */
  readonly atOnce: number;
}

/** What has no window to itself needs none. */
export const NO_WINDOW: Millis = millis(0);

/**
 * A generation is a list of groups. A group is one proxy and its filters, as many as fit at once: the proxy without any is started once a
 * group, and has a lane of its own in each scenario, next to which the one with the filter has its turn.
 */
export function planPrices({ proxies, generations, seed, atOnce }: PricesPlan): PlannedTrial[][][] {
  const random = mulberry32(seed);
  const filters = Math.max(1, atOnce - 1);
  return Array.from({ length: generations }, (_, generation) => {
    const groups = proxies.flatMap(({ name, scenarios }) =>
      chunks(shuffled(scenarios, random), filters).map((some) => some.flatMap((scenario) => pair(name, scenario))),
    );
    return shuffled(groups, random).map((group) =>
      group.map((trial, position): PlannedTrial => ({ ...trial, generation, position })),
    );
  });
}

function pair(name: string, scenario: Scenario): { scenario: Scenario; subject: Subject }[] {
  const bare: Subject = { kind: 'proxy', name };
  return [
    { scenario, subject: bare },
    { scenario, subject: { ...bare, filter: scenario.prices! } },
  ];
}

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
