/** Where it ran, who had which core, and what to hold against it. */
import type { Analysis, GatheredWarning } from '#bench/analysis/analysis.ts';
import { counted, formatQuantity, integer } from '#bench/analysis/words/quantity.ts';
import { type Block, type Facts, type Fold, type Item, plainText, type Text, withCode } from '../document/tree.ts';
import { repeatCommand } from './repeat-command.ts';

const cores = (list: readonly number[] | null): string => (list === null ? 'not pinned' : `core ${list.join(', ')}`);

export function environmentFold(analysis: Analysis): Fold {
  const { warnings, run } = analysis;
  return {
    kind: 'fold',
    id: 'environment',
    title: 'Environment',
    note: `${counted(run.environment.cores, 'core')}${warnings.length > 0 ? `, ${counted(warnings.length, 'warning')}` : ''}`,
    isBrief: true,
    blocks: [factsOf(analysis), ...warningBlocks(analysis)],
  };
}

function factsOf({ run }: Analysis): Facts {
  const { environment: host, placement } = run;
  const { cpuQuota, memoryLimit } = host.cgroup;
  return {
    kind: 'facts',
    facts: [
      [
        'CPU',
        `${host.cpuModel}, ${counted(host.cores, 'core')}${host.virtualised === null ? '' : `, under ${host.virtualised}`}`,
      ],
      ['Memory', formatQuantity(host.memory, 'B')],
      ['System', `${host.os}, kernel ${host.kernel}, ${host.platform}`],
      ['Node', host.node],
      ['hopcost', `${run.hopcost}${run.revision === null ? '' : ` at ${run.revision}`}`],
      ['Frequency governor', host.governor ?? 'not shown by this host'],
      ['Hardware counters', host.hardwareCounters ? 'available' : 'not available: instructions are not counted'],
      [
        'Limits',
        `CPU quota ${cpuQuota === null ? 'none' : counted(cpuQuota, 'core')}, memory ${memoryLimit === null ? 'none' : formatQuantity(memoryLimit, 'B')}, ${integer(host.openFiles)} open files, ${integer(host.ephemeralPorts)} local ports`,
      ],
      ['Load before the run', String(host.loadAverage)],
      [
        'Placement',
        `proxy: ${cores(placement.proxy)}; origin: ${cores(placement.origin)}; load: ${cores(placement.load)} (${counted(placement.loadWorkers, 'worker')})${placement.shared ? '; load or origin share the proxy’s core' : ''}`,
      ],
      ['Windows', `${integer(run.warmup)} ms warm-up discarded, ${integer(run.window)} ms measured`],
      ['Fingerprint', host.fingerprint],
    ],
  };
}

/** Invalid ones first; what each means, what to do, and where it occurred. */
export const warningBlocks = ({ warnings, trials }: Analysis): Block[] =>
  warnings.length === 0 ? [] : [{ kind: 'items', items: warnings.map((one) => warningItem(one, trials.length)) }];

const capital = (text: string): string => (text.startsWith('`') ? text : text.charAt(0).toUpperCase() + text.slice(1));

function warningItem({ code, severity, meaning, advice, trials, examples }: GatheredWarning, of: number): Item {
  const where = trials === 0 ? 'the whole run' : `${trials} of ${counted(of, 'trial')}`;
  const text = withCode(`${capital(meaning)} (${where}). ${capital(advice)}.`);
  const shown: Text = examples.length > 0 ? [plainText(text), ` For instance: ${examples[0]}`] : text;
  return { badge: { word: code, tone: severity === 'invalid' ? 'bad' : 'quiet' }, text: shown };
}

export const againFold = ({ run }: Analysis): Fold => ({
  kind: 'fold',
  id: 'again',
  title: 'Run it again',
  note: run.revision === null ? 'with the same seed' : `with the same seed, at ${run.revision.slice(0, 12)}`,
  isBrief: true,
  blocks: [{ kind: 'code', text: repeatCommand(run) }],
});
