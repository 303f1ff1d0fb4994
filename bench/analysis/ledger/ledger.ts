/** The cost ledger of a run: an account a hop, what more of something costs, and the micro-benchmarks as evidence. */
import type { CompletedTrial, MicroRecord, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { formatQuantity, percent } from '../words/quantity.ts';
import { type Account, closeAccount, COSTS, type Cost, type Entry, type Missing } from './account.ts';
import { type Books, plainEntries, tlsEntries } from './entries.ts';
import { type LedgerSuite, microsIn, suitesOf } from './micro.ts';
import { type Rate, ratesOf } from './rates.ts';
import { isSingle, scenarioOf } from '../scenarios/roles.ts';

export interface Ledger {
  /** In the order of the subjects; CPU, then instructions where they are counted. */
  readonly accounts: readonly Account[];
  readonly rates: readonly Rate[];
  /** Rates that this run cannot tell. */
  readonly missing: readonly Missing[];
  /**
   * Microseconds that the four socket operations of a request take in one process by itself: what an L4 hop cannot go below by its own
   * doing. Null where it was not measured.
   */
  readonly floor: Estimate | null;
  readonly suites: readonly LedgerSuite[];
}

export function ledgerOf(books: Books, trials: readonly TrialRecord[]): Ledger {
  const costs = Object.keys(COSTS) as Cost[];
  const hops = books.subjects.filter((record) => record.layer !== 'direct' && isSingle(record));
  const rates = costs.map((cost) => ratesOf(cost, books));
  return {
    accounts: costs.flatMap((cost) => hops.flatMap((record) => accountOf(record, cost, books, trials) ?? [])),
    rates: rates.flatMap((found) => found.rates),
    missing: rates[0]!.missing, // the scenarios that are absent are so for every cost
    floor: microsIn(['sockets'], books.micro) ?? null,
    suites: suitesOf(books.micro),
  };
}

function accountOf(
  record: SubjectRecord,
  cost: Cost,
  books: Books,
  trials: readonly TrialRecord[],
): Account | undefined {
  const scenario = scenarioOf(record.tls ? 'encrypted' : 'plain', books.scenarios)?.name;
  const subject = subjectName(record.subject);
  const whole = scenario === undefined ? undefined : books.figures(scenario, subject).get(COSTS[cost].whole);
  if (scenario === undefined || whole === undefined || whole.size === 0) return undefined;
  const { entries, missing } = (record.tls ? tlsEntries : plainEntries)(record, cost, books);
  const { layer, tls, isReference } = record;
  const own = trials.filter((trial) => trial.scenario === scenario && subjectName(trial.subject) === subject);
  const disturbance = layer === 'l4' ? [] : disturbanceOf(books.micro, entries);
  return closeAccount({
    of: { subject, layer, tls, isReference, scenario, cost },
    whole,
    entries,
    missing,
    notes: cost === 'CPU' ? [...resolutionOf(own), ...disturbance] : [],
    byConstruction: layer === 'l4',
    disturbed: disturbance.length > 0,
  });
}

/** Microseconds from tick to tick in which the kernel reports user and system time. */
const TICK = 10_000;

/**
 * How finely user and system time can be told apart: a process of T ticks shows one of its two shares p to within √(p(1 − p) ÷ T), as
 * drawing T times would (standard error). The whole does not depend on it, it is counted in nanoseconds.
 */
function resolutionOf(trials: readonly TrialRecord[]): string[] {
  const errors = trials
    .filter((trial): trial is CompletedTrial => trial.state === 'completed')
    .flatMap(({ probes: { proxy } }) => {
      if (!proxy || proxy.requests === 0 || proxy.cpu < TICK) return [];
      const share = proxy.cpuSystem / proxy.cpu;
      return [(Math.sqrt((share * (1 - share)) / (proxy.cpu / TICK)) * proxy.cpu) / proxy.requests];
    });
  if (errors.length === 0) return [];
  const error = median(errors);
  const over = error / Math.sqrt(errors.length);
  return [
    `the kernel’s half is sampled in ticks of 10 ms and scaled to the nanosecond total: ± ${formatQuantity(error, 'µs')} in a round (standard error)${errors.length > 1 ? `, ± ${formatQuantity(over, 'µs')} over ${errors.length}` : ''}`,
  ];
}

/** Share of a core below which a micro-benchmark is called disturbed: its figures are then too large. */
const UNDISTURBED = 0.9;

function disturbanceOf(micro: readonly MicroRecord[], entries: readonly Entry[]): string[] {
  if (!entries.some(({ method }) => method === 'micro-benchmark')) return [];
  const shares = micro.flatMap(({ perRequest, share }) => (perRequest > 0 && share !== undefined ? [share] : []));
  const least = Math.min(...shares);
  return shares.length > 0 && least < UNDISTURBED
    ? [
        `other processes took up to ${percent(1 - least)} of the core while the micro-benchmarks ran: their parts are too large`,
      ]
    : [];
}
