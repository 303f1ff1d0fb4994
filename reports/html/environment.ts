/** Where it ran, who had which core, and what to hold against it. */
import type { Analysis, GatheredWarning } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { html, type Markup } from './markup.ts';

const cores = (list: readonly number[] | null): string => (list === null ? 'not pinned' : `core ${list.join(', ')}`);

export function environmentSection({ run, warnings, trials }: Analysis): Markup {
  const { environment: host, placement } = run;
  const facts: readonly (readonly [string, string])[] = [
    ['CPU', `${host.cpuModel}, ${host.cores} cores${host.virtualised === null ? '' : `, under ${host.virtualised}`}`],
    ['Memory', formatQuantity(host.memory, 'B')],
    ['System', `${host.os}, kernel ${host.kernel}, ${host.platform}`],
    ['Node', host.node],
    ['hopcost', `${run.hopcost}${run.revision === null ? '' : ` at ${run.revision}`}`],
    ['Frequency governor', host.governor ?? 'not shown by this host'],
    ['Hardware counters', host.hardwareCounters ? 'available' : 'not available: instructions are not counted'],
    [
      'Limits',
      `CPU quota ${host.cgroup.cpuQuota === null ? 'none' : `${host.cgroup.cpuQuota} cores`}, memory ${host.cgroup.memoryLimit === null ? 'none' : formatQuantity(host.cgroup.memoryLimit, 'B')}, ${host.openFiles} open files, ${host.ephemeralPorts} local ports`,
    ],
    ['Load before the run', String(host.loadAverage)],
    [
      'Placement',
      `proxy: ${cores(placement.proxy)}; origin: ${cores(placement.origin)}; load: ${cores(placement.load)} (${placement.loadWorkers} ${placement.loadWorkers === 1 ? 'worker' : 'workers'})${placement.shared ? '; load or origin share the proxy’s core' : ''}`,
    ],
    ['Windows', `${run.warmup} ms warm-up discarded, ${run.window} ms measured`],
    ['Fingerprint', host.fingerprint],
  ];
  return html`<section aria-labelledby="environment">
    <h2 id="environment">Environment</h2>
    <dl>
      ${facts.map(
        ([term, fact]) =>
          html`<dt>${term}</dt>
            <dd>${fact}</dd>`,
      )}
    </dl>
    ${
      warnings.length > 0 &&
      html`<h3>Warnings</h3>
        <ul class="warnings">
          ${warnings.map((one) => warningItem(one, trials.length))}
        </ul>`
    }
  </section>`;
}

function warningItem({ code: name, severity, meaning, advice, trials, examples }: GatheredWarning, of: number): Markup {
  const where = trials === 0 ? 'the whole run' : `${trials} of ${of} trials`;
  return html`<li>
    <p>
      <span class="badge ${severity === 'invalid' ? 'bad' : 'cannot-tell'}">${name}</span>
      <span class="soft">${where}</span>
    </p>
    <p>${code(capital(meaning))}. ${code(capital(advice))}.</p>
    ${examples.map((example) => html`<p class="soft">${example}</p>`)}
  </li>`;
}

const capital = (text: string): string => (text.startsWith('`') ? text : text.charAt(0).toUpperCase() + text.slice(1));

/** `words` between backticks are code. */
const code = (text: string): Markup[] =>
  text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
