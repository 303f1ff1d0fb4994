/**
 * What other load tools say of the same target, on the same cores, in alternation with ours. Pure.
 *
 * | target | its rate is set by | tools must agree |
 * | --- | --- | --- |
 * | a fixed delay | connections ÷ delay, whatever a request costs the tool | on the rate itself |
 * | saturated | whichever of tool and origin is slower, so by what a request costs them | once that cost is taken into account |
 */
import type { SecondOpinionRecord } from '#bench/model/record.ts';
import type { Warning } from '#bench/model/warning.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann, median } from '#bench/stats/hodges-lehmann.ts';
import { disturbs } from './calibration.ts';
import { formatEstimate, formatQuantity, percent } from '../words/quantity.ts';

type Target = SecondOpinionRecord['targets'][number];
type Tool = Target['tools'][number];
type Window = Tool['windows'][number];

export interface Opinion {
  readonly tool: string;
  readonly version: string;
  /** Requests per second, by its own words; null where no window succeeded. */
  readonly rate: Estimate | null;
  /** The same by the origin's count. */
  readonly counted: Estimate | null;
  /** Microseconds of its own CPU. */
  readonly cpuPerRequest: Estimate | null;
  /** Its rate over ours, window by window; null for ours. */
  readonly ratio: Estimate | null;
  /** What that ratio should be by what a request costs each; 1 where the target sets the rate. */
  readonly explained: number;
  readonly verdict: 'ours' | 'agrees' | 'explained by its cost' | 'disagrees' | 'cannot tell';
  readonly errors: readonly string[];
}

export interface SecondOpinion {
  readonly targets: readonly {
    readonly name: string;
    readonly summary: string;
    readonly setBy: Target['setBy'];
    readonly opinions: readonly Opinion[];
  }[];
  readonly host: SecondOpinionRecord['host'];
  readonly disturbed: boolean;
  readonly missing: SecondOpinionRecord['missing'];
}

const OURS = 'http1';
/** What two right tools may differ by: the way they end their window, and the cost of a request from second to second. */
const TOLERANCE: Readonly<Record<Target['setBy'], number>> = { target: 0.02, cost: 0.15 };

export const opinionsOf = ({ targets, missing, sharedCores, host }: SecondOpinionRecord): SecondOpinion => ({
  targets: targets.map((target) => {
    const ours = target.tools.find(({ tool }) => tool === OURS);
    return {
      name: target.name,
      summary: `${target.connections} connections, GET ${target.path}`,
      setBy: target.setBy,
      opinions: target.tools.map((tool) => {
        const opinion = opinionOf(tool, ours, target.setBy, sharedCores);
        // On a host that others used, three windows differ by more than three windows show.
        return opinion.verdict === 'disagrees' && disturbs(host) ? { ...opinion, verdict: 'cannot tell' } : opinion;
      }),
    };
  }),
  host,
  disturbed: disturbs(host),
  missing,
});

const figures = (windows: readonly Window[], of: (window: Window) => number | null): Estimate | null => {
  const values = windows.flatMap((window) => of(window) ?? []);
  return values.length === 0 ? null : hodgesLehmann(values);
};

function opinionOf(tool: Tool, ours: Tool | undefined, setBy: Target['setBy'], shared: boolean): Opinion {
  const { windows } = tool;
  const isOurs = tool.tool === OURS;
  const explained = isOurs || !ours || setBy === 'target' ? 1 : costRatio(ours, tool, shared);
  const logs = windows.flatMap(({ round, rate }) => {
    const own = ours?.windows.find((window) => window.round === round)?.rate;
    return rate && own ? [Math.log(rate / own)] : [];
  });
  const ratio = isOurs || logs.length === 0 ? null : transform(hodgesLehmann(logs), Math.exp);
  return {
    tool: tool.tool,
    version: tool.version,
    rate: figures(windows, ({ rate }) => rate),
    counted: figures(windows, ({ counted }) => counted),
    cpuPerRequest: figures(windows, ({ cpuPerRequest }) => cpuPerRequest),
    ratio,
    explained,
    verdict: isOurs ? 'ours' : verdictOf(ratio, explained, TOLERANCE[setBy]),
    errors: [...new Set(windows.flatMap(({ error }) => error ?? []))],
  };
}

/** One window gives no interval: it says nothing of how much the next one would differ. */
function verdictOf(ratio: Estimate | null, explained: number, tolerance: number): Opinion['verdict'] {
  if (ratio === null || ratio.n < 2) return 'cannot tell';
  const near = (expected: number): boolean =>
    ratio.low <= expected * (1 + tolerance) && ratio.high >= expected / (1 + tolerance);
  if (near(1)) return 'agrees';
  return near(explained) ? 'explained by its cost' : 'disagrees';
}

/** Ours over theirs of what a request costs where it is dearest: the slower of tool and origin, or both where they share cores. */
function costRatio(ours: Tool, theirs: Tool, shared: boolean): number {
  const [own, other] = [ours, theirs].map(({ windows }) => {
    const costs = windows.flatMap(({ cpuPerRequest: tool, originCpuPerRequest: origin }) =>
      tool === null || origin === null ? [] : [shared ? tool + origin : Math.max(tool, origin)],
    );
    return costs.length === 0 ? undefined : median(costs);
  });
  return own === undefined || other === undefined || other === 0 ? 1 : own / other;
}

export function secondOpinionWarnings(opinion: SecondOpinion | null): Warning[] {
  return (opinion?.targets ?? []).flatMap(({ name, opinions }) => {
    const ours = opinions.find(({ verdict }) => verdict === 'ours')?.rate;
    return opinions
      .filter(({ verdict }) => verdict === 'disagrees')
      .map(({ tool, rate, ratio, explained }): Warning => ({
        code: 'second-opinion',
        message: `${name}: ${tool} measured ${formatEstimate(rate!, '/s')}, we ${ours ? formatEstimate(ours, '/s') : 'nothing'}: ${formatEstimate(ratio!, 'ratio')} where ${formatQuantity(explained, 'ratio')} was to be expected`,
        evidence: { tool, ratio: ratio!.value, low: ratio!.low, high: ratio!.high, explained },
      }));
  });
}

/** One sentence: what each tool says, over ours, with its cost beside. */
export function describeSecondOpinion({ targets, missing, host, disturbed }: SecondOpinion): string {
  const parts = targets.map(({ name, opinions }) => {
    const ours = opinions.find(({ verdict }) => verdict === 'ours');
    const own = ours?.rate ? formatQuantity(ours.rate.value, '/s') : 'no rate';
    const others = opinions
      .filter(({ verdict }) => verdict !== 'ours')
      .map(({ tool, ratio, verdict, cpuPerRequest }) => {
        const cost = cpuPerRequest ? ` at ${formatQuantity(cpuPerRequest.value, 'µs')} of CPU a request` : '';
        return ratio ? `${tool} ${formatEstimate(ratio, 'ratio')}${cost}, ${verdict}` : `${tool} no result`;
      });
    const cost = ours?.cpuPerRequest ? ` at ${formatQuantity(ours.cpuPerRequest.value, 'µs')} of CPU a request` : '';
    return `${name}: ours ${own}${cost}; ${others.length === 0 ? 'no other tool' : `over ours ${others.join('; ')}`}`;
  });
  const without = missing.map(({ tool, install }) => `${tool} is not installed (${install})`);
  const meanwhile = disturbed
    ? [`Meanwhile the hypervisor took ${percent(host.steal)} of the CPU and other processes ${percent(host.foreign)}`]
    : [];
  return `Second opinion: ${[...parts, ...meanwhile, ...without].join('. ')}.`;
}
