/** What a result rests on, as label and text: the same facts for the folded table, the JUnit properties and whoever asks later. */
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import type { GateMode, GateResult } from '#bench/gate/result.ts';
import { formatRevision } from './change.ts';

export type Facts = readonly (readonly [label: string, text: string])[];

const modeText = (mode: GateMode): string => {
  switch (mode.kind) {
    case 'revisions':
      return 'both revisions measured in this run, side by side';
    case 'baseline':
      return `against the records in ${mode.file}, as ratios to ${mode.yardsticks.join(' or ')}`;
    case 'budgets':
      return `budgets alone: ${mode.reason}`;
  }
};

/** '12 rounds, 1 taken again for spoiled ones', '24 rounds, in two looks: the first, of 12, left it open' */
export function roundsText({ planned, measured, repeated, looks }: GateResult['rounds']): string {
  const rounds = measured < planned ? `${measured} good rounds of ${planned}` : `${measured} rounds`;
  const again = repeated === 0 ? '' : `, ${repeated} taken again for spoiled ones`;
  return `${rounds}${again}${looks === 1 ? '' : `, in two looks: the first, of ${planned}, left it open`}`;
}

/** How often a gate of two equal revisions finds a difference. */
const alarms = (alpha: number): string =>
  `at most ${Number((alpha * 100).toPrecision(3))} % of gates of equal revisions`;

export function runFacts(result: GateResult): Facts {
  const { run, startedAt, seconds, hopcost, mode, base, head, scenarios, rounds, alpha } = result;
  return [
    ['run', run],
    ['started', startedAt],
    ['seconds', String(Math.round(seconds))],
    ['hopcost', hopcost],
    ['base', formatRevision(base)],
    ['head', formatRevision(head)],
    ['compared', modeText(mode)],
    ['scenarios', scenarios.join(', ')],
    ['rounds', roundsText(rounds)],
    ['false alarms', alarms(alpha.gate)],
  ];
}

export function environmentFacts({ environment: host }: GateResult): Facts {
  const { cpuQuota, cpuset, memoryLimit } = host.cgroup;
  return [
    ['CPU', `${host.cpuModel}, ${host.cores} cores${host.virtualised === null ? '' : `, under ${host.virtualised}`}`],
    ['memory', formatQuantity(host.memory, 'B')],
    ['system', `${host.os}, kernel ${host.kernel}, ${host.platform}`],
    ['Node', host.node],
    ['frequency governor', host.governor ?? 'not shown by this host'],
    ['hardware counters', host.hardwareCounters ? 'available' : 'not available: instructions are not counted'],
    [
      'limits',
      `CPU quota ${cpuQuota === null ? 'none' : `${cpuQuota} cores`}, CPU set ${cpuset ?? 'none'}, memory ${memoryLimit === null ? 'none' : formatQuantity(memoryLimit, 'B')}`,
    ],
    ['load before the run', String(host.loadAverage)],
    ['fingerprint', host.fingerprint],
  ];
}
