/** Every scenario with every figure: the evidence behind the findings, folded. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { METRIC_NAMES, metric, type MetricName } from '#bench/analysis/metrics.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/quantity.ts';
import { boundWords, cellOf } from '../overview.ts';
import { html, type Markup } from './markup.ts';

export function scenariosSection({ scenarios }: Analysis): Markup {
  return html`<section aria-labelledby="scenarios">
    <h2 id="scenarios">Scenario by scenario</h2>
    <p class="soft">
      Each varies one thing. Quantiles are shown only where the load stayed below saturation and at least 10 ÷ (1 − q)
      requests carry them.
    </p>
    ${scenarios.map(scenarioDetails)}
  </section>`;
}

function scenarioDetails({ scenario, offered, subjects }: ScenarioAnalysis, index: number): Markup {
  const shown = METRIC_NAMES.filter((name) => subjects.some(({ metrics }) => metrics[name] !== undefined));
  return html`<details ${index === 0 && html` open`}>
    <summary>
      ${scenario.name}
      <small class="soft">${scenario.summary}${offered !== null && `, ${formatQuantity(offered, '/s')} offered`}</small>
    </summary>
    <div class="box" id="scenario-${scenario.name}" tabindex="0" role="region" aria-label="figures of ${scenario.name}">
      <table class="scroll">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            ${subjects.map(({ subject }) => html`<th scope="col">${subject}</th>`)}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">trials</th>
            ${subjects.map(({ trials }) => html`<td>${trialsWords(trials)}</td>`)}
          </tr>
          <tr>
            <th scope="row">limited by</th>
            ${subjects.map((subject) => html`<td>${boundWords(subject)}</td>`)}
          </tr>
          ${shown.map((name) => [metricRow(name, subjects), versusRow(name, subjects)])}
        </tbody>
      </table>
    </div>
  </details>`;
}

const trialsWords = ({ completed, invalid, failed }: SubjectAnalysis['trials']): string =>
  [
    `${completed} completed`,
    ...(invalid > 0 ? [`${invalid} invalid`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(', ');

function metricRow(name: MetricName, subjects: readonly SubjectAnalysis[]): Markup {
  const { title, unit } = metric(name);
  return html`<tr>
    <th scope="row">${title}</th>
    ${subjects.map(({ metrics }) => {
      const cell = cellOf(metrics[name], unit);
      return cell
        ? html`<td>${cell.figure}${cell.interval !== undefined && html`<small>${cell.interval}</small>`}</td>`
        : html`<td>–</td>`;
    })}
  </tr>`;
}

/** 'against direct' lines, only for metrics that have any. */
function versusRow(name: MetricName, subjects: readonly SubjectAnalysis[]): Markup {
  const compared = subjects.map(({ versusDirect }) => versusDirect.find((one) => one.metric === name));
  if (compared.every((one) => one === undefined)) return html``;
  return html`<tr class="sub">
    <th scope="row" aria-label="${metric(name).title}, against direct">against direct</th>
    ${compared.map((one) => {
      if (!one) return html`<td>–</td>`;
      const unit = one.kind === 'ratio' ? 'ratio' : metric(name).unit;
      const sign = one.kind === 'difference' && one.estimate.value > 0 ? '+' : '';
      return html`<td>
        ${sign}${formatQuantity(one.estimate.value, unit)}<small>${formatInterval(one.estimate, unit)}</small>${one.strength === 'cannot tell' && one.estimate.n > 1 && html`<small>no difference resolved</small>`}
      </td>`;
    })}
  </tr>`;
}
