/**
 * The Go benchmark format, one file a revision: `benchstat gate-base.bench.txt gate-head.bench.txt`. A line a round, with every metric
 * of that subject, so that benchstat does its own statistics; it knows of no pairs, so it sees less than the gate. The lines follow
 * golang.org/design/14313-benchmark-format, and were read with golang.org/x/perf/cmd/benchstat.
 *
 * Configuration lines are the same in both files: benchstat sets only equal configurations side by side.
 */
import type { GateMetric, GateResult } from '#bench/gate/result.ts';
import { plainName } from '../plain-name.ts';
import { formatRevision } from './change.ts';
import type { GateOutput } from './contract.ts';
import { measureName, nineDigits, PLAIN_UNITS } from './units.ts';

type Side = 'base' | 'head';

/** Node's word for an architecture where Go has another. */
const GOARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();

function head(result: GateResult, side: Side): string[] {
  const { environment, hopcost } = result;
  const [os = '', arch = ''] = environment.platform.split('-');
  const config: Record<string, string> = {
    goos: os,
    goarch: GOARCH[arch] ?? arch,
    pkg: 'hopcost',
    cpu: environment.cpuModel,
    node: environment.node,
    'hopcost-version': hopcost,
    fingerprint: environment.fingerprint,
  };
  return [
    `# ${side}: ${oneLine(formatRevision(result[side]))}`,
    ...Object.entries(config).map(([key, value]) => `${key}: ${oneLine(value)}`),
  ];
}

/** 'Unit cpu-per-request-ns better=lower', once each. */
function units(metrics: readonly GateMetric[]): string[] {
  const lines = metrics.map(({ metric, unit, better }) => `Unit ${measureName(metric, unit)} better=${better}`);
  return [...new Set(lines)];
}

/** Number of cores last, as Go has it: a name that ends with '-50' would be taken for 50 of them. */
const nameOf = ({ scenario, subject }: GateMetric, cores: number): string =>
  `BenchmarkHop/scenario=${plainName(scenario)}/subject=${plainName(subject)}-${cores}`;

function lines({ metrics, environment }: GateResult, side: Side): string[] {
  const named = Map.groupBy(metrics, (metric) => nameOf(metric, environment.cores));
  return [...named].flatMap(([name, own]) => {
    const numbers = [...new Set(own.flatMap(({ rounds = [] }) => rounds.map(({ round }) => round)))];
    return numbers
      .toSorted((a, b) => a - b)
      .flatMap((number) => {
        const figures = own.flatMap(({ metric, unit, rounds = [] }) => {
          const figure = rounds.find(({ round }) => round === number)?.[side];
          if (figure === undefined || !Number.isFinite(figure)) return [];
          return [`${nineDigits(figure * PLAIN_UNITS[unit].factor)} ${measureName(metric, unit)}`];
        });
        return figures.length === 0 ? [] : [`${name} 1 ${figures.join(' ')}`];
      });
  });
}

const output = (side: Side): GateOutput => ({
  format: `benchfmt-${side}`,
  file: `gate-${side}.bench.txt`,
  render: (result) => `${[...head(result, side), ...units(result.metrics), ...lines(result, side)].join('\n')}\n`,
});

export const benchfmtBase = output('base');
export const benchfmtHead = output('head');
