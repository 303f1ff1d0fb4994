/** Cost per hop by chain, as texts that every output lays out in its own way. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import { mainChains } from '#bench/analysis/findings/chains.ts';
import type { ChainCost } from '#bench/analysis/comparison/chains.ts';
import { metric } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatInterval, formatQuantity } from '#bench/analysis/words/quantity.ts';

export interface ChainRow {
  readonly hop: string;
  /** Hop and what is read of it, in the fewest letters: 'l4-tcp', 'l4-tcp, TLS', 'l4-tcp, p50'. */
  readonly label: string;
  readonly figure: string;
  readonly scenario: string;
  readonly perHop: string;
  readonly interval: string;
  /** One hop first; '–' where a chain of this table has more hops than this one. */
  readonly lengths: readonly string[];
  /** 'yes', 'no: 3 hops −4.1 µs (−6.0 to −2.2)', 'cannot tell'. */
  readonly linear: string;
}

export interface ChainTable {
  /** '1 hop', '2 hops', … */
  readonly heads: readonly string[];
  readonly rows: readonly ChainRow[];
}

/** `main`: only those that the findings tell of. Undefined where nothing stood in a row. */
export function chainTable({ chains, scenarios }: Analysis, main = false): ChainTable | undefined {
  const shown = main ? mainChains(chains, scenarios) : chains;
  if (shown.length === 0) return undefined;
  const encrypted = mainScenarioName(
    scenarios.map(({ scenario }) => scenario),
    true,
  );
  const most = Math.max(...shown.map(({ lengths }) => lengths.at(-1)!.hops));
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  return {
    heads: counts.map((hops) => `${hops} ${hops === 1 ? 'hop' : 'hops'}`),
    rows: shown.map((chain): ChainRow => {
      const { title, unit } = metric(chain.metric);
      const of = (hops: number) => chain.lengths.find((length) => length.hops === hops)?.estimate;
      return {
        hop: chain.hop,
        label: `${chain.hop}${chain.metric === 'serviceP50' ? ', p50' : chain.subject.scenario === encrypted ? ', TLS' : ''}`,
        figure: title,
        scenario: chain.subject.scenario,
        perHop: formatQuantity(chain.estimate.value, unit),
        interval: formatInterval(chain.estimate, unit),
        lengths: counts.map((hops) => {
          const estimate = of(hops);
          return estimate ? formatQuantity(estimate.value, unit) : '–';
        }),
        linear: linearCell(chain),
      };
    }),
  };
}

function linearCell({ linear, lengths, metric: name }: ChainCost): string {
  if (linear === null) return 'cannot tell';
  if (linear) return 'yes';
  const off = lengths.flatMap(({ hops, excess }) =>
    excess && (excess.low > 0 || excess.high < 0)
      ? [`${hops} hops ${excess.value > 0 ? '+' : ''}${formatEstimate(excess, metric(name).unit)}`]
      : [],
  );
  return `no: ${off.join(', ')}`;
}
