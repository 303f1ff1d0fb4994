/** Every trial: what counts in no figure and why, a table of all rounds a scenario, and every column of each where they are few. */
import type { Analysis, TrialRow } from '#bench/analysis/analysis.ts';
import { METRICS, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { allCompleted, type LeftOut, leftOutOf } from '../left-out.ts';
import { html, type Markup } from './markup.ts';
import { scrollTable } from './table.ts';

/** So many are still read line by line. */
const MOST_ROWS = 200;

export function trialsSection(analysis: Analysis): Markup {
  const { trials, run } = analysis;
  const out = leftOutOf(trials);
  const count = out.reduce((sum, one) => sum + one.trials, 0);
  const scenarios = run.scenarios.filter(({ name }) => trials.some(({ scenario }) => scenario === name));
  return html`<section aria-labelledby="trials">
    <h2 id="trials">Trials</h2>
    ${out.length === 0 ? html`<p>${allCompleted(analysis)}</p>` : leftOut(out, count, trials.length)}
    ${scenarios.map(({ name, traffic }) =>
      rounds(
        name,
        trials.filter(({ scenario }) => scenario === name),
        traffic.kind === 'idle' ? 'memoryPerConnection' : 'cpuPerRequest',
      ),
    )}
    ${trials.length > 0 && (trials.length <= MOST_ROWS ? allTrials(trials, run) : html`<p class="soft">Every column of each of the ${trials.length} trials, in the order in which they ran: <a href="#records">trials.csv</a> below.</p>`)}
  </section>`;
}

const badge = (state: TrialRow['state']): Markup => html`<span class="badge ${state}">${state}</span>`;

function leftOut(out: readonly LeftOut[], count: number, all: number): Markup {
  return html`<p>
      ${count} of ${all} trials ${count === 1 ? 'counts' : 'count'} in no figure, and ${count === 1 ? 'is' : 'are'} kept
      in the records:
    </p>
    <div class="box tall" tabindex="0" role="region" aria-label="invalid and failed trials">
      <table class="stack" role="table">
        <thead>
          <tr>
            <th scope="col">Trials</th>
            <th scope="col" class="text">State</th>
            <th scope="col" class="text">Why</th>
          </tr>
        </thead>
        <tbody>
          ${out.map(
            ({ scenario, subject, state, codes, rounds: of, trials, note }) =>
              html`<tr>
                <th scope="row">${scenario} · ${subject} · ${of}</th>
                <td class="text">${badge(state)}</td>
                <td class="text"><code>${codes.join(', ')}</code> ${trials > 1 && 'the first: '}${note}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/** A row a subject, a column a round. Direct has no hop whose CPU could be read: its throughput stands there. */
function rounds(scenario: string, trials: readonly TrialRow[], figure: MetricName): Markup {
  const count = Math.max(...trials.map(({ round }) => round)) + 1;
  const subjects = [...Map.groupBy(trials, ({ subject }) => subject)].toSorted(([a], [b]) => a.localeCompare(b));
  return html`<details>
    <summary>
      ${scenario}, round by round
      <small class="soft">${subjects.length} subjects × ${count} ${count === 1 ? 'round' : 'rounds'}</small>
    </summary>
    ${scrollTable({
      label: `rounds of ${scenario}`,
      className: 'scroll dense',
      heads: ['Subject', { text: 'Figure' }, ...Array.from({ length: count }, (_, i) => `${i + 1}`)],
      rows: subjects.map(([subject, own]) => {
        const shown = own.some(({ figures }) => figures[figure] !== undefined) ? figure : 'throughput';
        return html`<tr>
          <th scope="row">${subject}</th>
          <td class="text nowrap">${METRICS[shown].title}</td>
          ${Array.from({ length: count }, (_, round) =>
            roundCell(
              own.filter((one) => one.round === round),
              shown,
            ),
          )}
        </tr>`;
      }),
    })}
  </details>`;
}

function roundCell(own: readonly TrialRow[], name: MetricName): Markup {
  if (own.length === 0) return html`<td>–</td>`;
  return html`<td>
    ${own.map(({ state, codes, figures }, i) => {
      const value = figures[name];
      const text = value === undefined ? '–' : formatQuantity(value, METRICS[name].unit);
      return html`${i > 0 && ', '}${state === 'completed' ? text : html`<span class="out" title="${codes.join(', ')}">${state}</span>`}`;
    })}
  </td>`;
}

const allTrials = (trials: readonly TrialRow[], run: Analysis['run']): Markup =>
  html`<details>
    <summary>
      All ${trials.length} trials
      <small class="soft"
        >in the order in which they ran, ${run.rounds} ${run.rounds === 1 ? 'round' : 'rounds'} interleaved with seed
        ${run.seed}</small
      >
    </summary>
    ${scrollTable({
      label: 'all trials',
      heads: COLUMNS.map(({ title }) => title),
      rows: trials.map(
        (row) =>
          html`<tr>
            ${COLUMNS.map(({ cell }) => cell(row))}
          </tr>`,
      ),
    })}
  </details>`;

const number = (text: string | null): Markup => html`<td class="nowrap">${text ?? '–'}</td>`;
const figure = (row: TrialRow, name: keyof typeof METRICS): Markup => {
  const value = row.figures[name];
  return number(value === undefined ? null : formatQuantity(value, METRICS[name].unit));
};
const share = (value: number | null): Markup => number(value === null ? null : percent(value));

const COLUMNS: readonly { readonly title: string; readonly cell: (row: TrialRow) => Markup }[] = [
  { title: 'Round', cell: ({ round }) => html`<th scope="row">${round + 1}</th>` },
  { title: 'Scenario', cell: ({ scenario }) => html`<td class="nowrap">${scenario}</td>` },
  { title: 'Subject', cell: ({ subject }) => html`<td class="nowrap">${subject}</td>` },
  { title: 'State', cell: ({ state }) => html`<td>${badge(state)}</td>` },
  { title: 'Limited by', cell: ({ bound }) => number(bound) },
  {
    title: 'Requests',
    cell: ({ requests }) => number(requests === null ? null : requests.toLocaleString('en').replaceAll(',', '\u00a0')),
  },
  {
    title: 'Failed',
    cell: ({ failed, failures }) => number(failed === null ? null : failures === '' ? String(failed) : failures),
  },
  { title: 'Throughput', cell: (row) => figure(row, 'throughput') },
  { title: 'CPU per request', cell: (row) => figure(row, 'cpuPerRequest') },
  { title: 'Service time p50', cell: (row) => figure(row, 'serviceP50') },
  { title: 'Response time p99', cell: (row) => figure(row, 'responseP99') },
  { title: 'CPU share: proxy', cell: ({ cpuShare }) => share(cpuShare.proxy) },
  { title: 'origin', cell: ({ cpuShare }) => share(cpuShare.origin) },
  { title: 'generator', cell: ({ cpuShare }) => share(cpuShare.generator) },
  { title: 'Steal', cell: ({ steal }) => share(steal) },
  { title: 'Warnings', cell: ({ codes }) => html`<td class="text">${codes.join(', ')}</td>` },
];
