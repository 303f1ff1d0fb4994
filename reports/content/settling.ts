/** What is known of each subject while a run goes on: figures that settle with every further start. Pure, from the trials so far. */
import { locate } from '#bench/analysis/comparison/comparison.ts';
import type { CompletedTrial } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { figureOf } from '../document/table.ts';
import type { Figure, Table } from '../document/tree.ts';

const cpuPerRequest = ({ loop, probes: { proxy } }: CompletedTrial): number | undefined =>
  loop?.kind === 'open' || !proxy || proxy.requests === 0 ? undefined : proxy.cpu / proxy.requests;

const throughput = ({ loop, load }: CompletedTrial): number | undefined =>
  loop?.kind === 'open' || load.requests === 0 ? undefined : load.requests / (load.window / 1_000);

/** Microseconds at an offered rate: the median over turns. */
function serviceP50({ loop, turns = [] }: CompletedTrial): number | undefined {
  if (loop?.kind !== 'open') return undefined;
  const known = turns.flatMap(({ service: { p50 } }) => p50 ?? []).toSorted((a, b) => a - b);
  return known[known.length >> 1];
}

/** The first scenario that has the figure speaks for the subject. */
function settled(own: readonly CompletedTrial[], read: (trial: CompletedTrial) => number | undefined): Figure | null {
  const scenario = own.find((trial) => read(trial) !== undefined)?.scenario;
  const values = own.filter((trial) => trial.scenario === scenario).flatMap((trial) => read(trial) ?? []);
  return values.length === 0 ? null : figureOf(locate(values, true));
}

/** Direct first; a subject's second start in a round is no subject of its own. */
export function settlingTable(trials: readonly CompletedTrial[]): Table {
  const first = trials.filter(({ subject }) => subject.again !== true);
  const subjects = [...Map.groupBy(first, ({ subject }) => subjectName(subject))].toSorted(
    ([a], [b]) => Number(b === 'direct') - Number(a === 'direct') || a.localeCompare(b),
  );
  return {
    kind: 'table',
    label: 'so far',
    head: 'So far',
    columns: [
      { title: 'CPU per request', short: 'CPU/request', unit: 'µs' },
      { title: 'Service time p50', short: 'p50', unit: 'µs' },
      { title: 'Carried', short: 'carried', unit: '/s' },
      { title: 'Starts', short: 'starts' },
    ],
    rows: subjects.map(([head, own]) => ({
      head,
      cells: [
        settled(own, cpuPerRequest),
        settled(own, serviceP50),
        settled(own, throughput),
        String(new Set(own.map(({ generation }) => generation)).size),
      ],
    })),
  };
}
