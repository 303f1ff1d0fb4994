/** The few figures to remember: a hop of each layer, what a request costs it, and how many cores that is. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { isSingle, referencesOf } from '#bench/analysis/scenarios/roles.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { figureOf } from '../document/table.ts';
import type { Row, Table } from '../document/tree.ts';
import { type Group, groupOf } from './groups.ts';
import { type MainFigure, mainFigures } from './main-scenario.ts';

const NAMES: Readonly<Record<Exclude<Group, 'direct'>, string>> = {
  L4: 'L4 hop',
  L7: 'L7 hop',
  'L7 with TLS': 'L7 hop with TLS',
};
/** Requests a second whose cores are told. */
const RATE = 10_000;

/** The reference of a layer; where it was not measured, the cheapest. */
function ofLayer(all: readonly MainFigure[], group: Group, references: readonly string[]): MainFigure | undefined {
  const own = all.filter((of) => groupOf(of) === group);
  return (
    own.find(({ subject }) => references.includes(subject)) ??
    own.toSorted((a, b) => a.metrics.cpuPerRequest!.value - b.metrics.cpuPerRequest!.value)[0]
  );
}

/** Undefined where no hop has its CPU time told. */
export function summaryTable(analysis: Analysis): Table | undefined {
  const { subjects } = analysis;
  const single = new Set(subjects.filter(isSingle).map(({ subject }) => subjectName(subject)));
  const references = referencesOf(subjects).map(({ subject }) => subjectName(subject));
  const costly = mainFigures(analysis).filter(({ subject, metrics }) => metrics.cpuPerRequest && single.has(subject));
  const rows = (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((group): Row[] => {
    const of = ofLayer(costly, group, references);
    if (!of) return [];
    const { subject, scenario, metrics, times } = of;
    const cpu = metrics.cpuPerRequest!;
    return [
      {
        head: NAMES[group],
        note: subject,
        to: `scenario-${scenario}`,
        cells: [
          figureOf(cpu),
          figureOf(times.cpuPerRequest?.l4),
          figureOf(times.cpuPerRequest?.direct),
          { value: (cpu.value * RATE) / 1e6 },
        ],
      },
    ];
  });
  if (rows.length === 0) return undefined;
  return {
    kind: 'table',
    label: 'what one hop costs',
    head: 'Hop',
    columns: [
      { title: 'CPU per request', short: 'CPU/request', unit: 'µs' },
      { title: '× L4', unit: 'ratio' },
      { title: '× direct', unit: 'ratio' },
      { title: 'Cores at 10,000 requests/s', short: 'cores at 10k/s', unit: 'per request' },
    ],
    rows,
  };
}
