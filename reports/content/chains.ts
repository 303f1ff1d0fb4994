/** Cost per hop, where proxies stood in a row. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { ChainCost } from '#bench/analysis/comparison/chains.ts';
import { mainChains } from '#bench/analysis/findings/chains.ts';
import { metric } from '#bench/analysis/figures/metrics.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import { figureOf } from '../document/table.ts';
import type { Row, Section, Table } from '../document/tree.ts';

/** Of one unit. */
export function chainTable(shown: readonly ChainCost[]): Table {
  const { unit } = metric(shown[0]!.metric);
  const most = Math.max(...shown.map(({ lengths }) => lengths.at(-1)!.hops));
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  return {
    kind: 'table',
    label: 'cost per hop',
    head: 'In a row',
    columns: [
      { title: 'A further hop', short: 'per hop', unit },
      { title: 'Linear', short: 'linear' },
      ...counts.map((hops) => ({ title: counted(hops, 'hop'), unit })),
    ],
    rows: shown.map((chain): Row => ({
      head: `${chain.hop}${chain.metric === 'serviceP50' ? ', p50' : chain.subject.scenario === shown[0]!.subject.scenario ? '' : `, ${chain.subject.scenario}`}`,
      note: `${metric(chain.metric).title}, ${chain.subject.scenario}`,
      cells: [
        figureOf(chain.estimate),
        linearCell(chain),
        ...counts.map((hops) => figureOf(chain.lengths.find((length) => length.hops === hops)?.estimate)),
      ],
    })),
  };
}

/** How far from it stands in the findings. */
const linearCell = ({ linear }: ChainCost): string => (linear === null ? 'cannot tell' : linear ? 'yes' : 'no');

export function chainsSection(analysis: Analysis): Section[] {
  const main = mainChains(analysis.chains, analysis.scenarios).filter((chain) => metric(chain.metric).unit === 'µs');
  if (main.length === 0) return [];
  return [{ kind: 'section', id: 'hops', title: 'Cost per hop', blocks: [chainTable(main)] }];
}
