/** `--find max-rate --slo …` and `--sweep`: what they drive, and with what else they cannot stand. */
import { samplesOf } from '#bench/analysis/knees/objective.ts';
import type { Objective } from '#bench/model/objective.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { micros } from '#bench/model/units.ts';
import type { Preset } from '#bench/plan/presets.ts';
import { canBePaced, type SweepPoint, withSweep } from '#bench/plan/sweep.ts';
import { UsageError } from '#bench/model/errors.ts';
import { known } from '../nearest.ts';
import { parseObjective } from '../slo.ts';
import { parseSweep } from '../sweep.ts';

export interface PacedFlags {
  readonly find?: string;
  readonly slo?: string;
  /** `true` where it was given without points. */
  readonly sweep?: string | true;
}

/** What was asked for; neither is there where it was not. */
export interface Paced {
  readonly objective?: Objective;
  readonly points?: readonly SweepPoint[];
}

const SEARCHES = ['max-rate'];
/** What both drive where no scenario is named. */
export const BASE = 'http-small';
const P99: Objective = { clauses: [{ kind: 'latency', time: 'response', q: 0.99, below: micros(1) }] };

/** Undefined where neither flag is given. Throws `UsageError`, also for a flag without the one that it belongs to. */
export function choosePaced({
  find,
  slo,
  sweep,
  target,
  driver,
}: PacedFlags & { readonly target?: unknown; readonly driver: string }): Paced | undefined {
  if (find !== undefined) known('search', find, SEARCHES);
  if (find !== undefined && slo === undefined)
    throw new UsageError(`--find ${find} needs an objective: add --slo 'p99<2ms'`);
  if (slo !== undefined && find === undefined)
    throw new UsageError(`--slo ${slo} belongs to a search: add --find max-rate`);
  if (find === undefined && sweep === undefined) return undefined;
  // The limit of what runs elsewhere is its owner's to search.
  if (target !== undefined)
    throw new UsageError(
      '--find and --sweep drive what runs here to its limit, never a --target: leave one of them out',
    );
  if (driver === 'autocannon')
    throw new UsageError('--driver autocannon has no open loop: leave it out with --find and --sweep');
  return {
    ...(slo !== undefined && { objective: parseObjective('--slo', slo) }),
    ...(sweep !== undefined && { points: parseSweep('--sweep', sweep) }),
  };
}

/** Throws `UsageError` for scenarios that have no open loop. */
export function refuseUnpaced(bases: readonly Scenario[]): void {
  const unable = bases.filter((scenario) => !canBePaced(scenario)).map(({ name }) => name);
  if (unable.length > 0)
    throw new UsageError(
      `--find and --sweep drive an open loop over connections that stay; not ${unable.join(', ')}: name others with --scenarios, such as ${BASE}, tls-keepalive or tcp-echo`,
    );
}

/** With the points of `--sweep`, over all of them; with those of the preset, over one, where its own scenarios are driven. */
export function sweepOver(
  bases: readonly Scenario[],
  { points }: Paced,
  preset: Pick<Preset, 'sweep'> | undefined,
): { readonly scenarios: readonly Scenario[]; readonly samples?: number } {
  const swept = points ?? preset?.sweep;
  if (!swept) return { scenarios: bases };
  const over = points ? bases : bases.filter(({ name }) => name === BASE);
  return { scenarios: withSweep(bases, swept, over), samples: samplesOf(P99) };
}
