/** Every scenario with every figure: the evidence behind the findings, folded. A row a figure, or, of many subjects, a row a subject. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { METRIC_NAMES, metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { boundWords, cellOf } from '../overview.ts';
import { html, type Markup } from './markup.ts';

/** So many still stand side by side. */
const MOST_ABREAST = 8;

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
  const table = subjects.length > MOST_ABREAST ? bySubject : byFigure;
  return html`<details ${index === 0 && subjects.length <= MOST_ABREAST && html` open`}>
    <summary>
      ${scenario.name}
      <small class="soft">${scenario.summary}${offered !== null && `, ${formatQuantity(offered, '/s')} offered`}</small>
    </summary>
    ${
      subjects.length === 0
        ? html`<p id="scenario-${scenario.name}">No rounds of it were measured.</p>`
        : html`<div
            class="box tall"
            id="scenario-${scenario.name}"
            tabindex="0"
            role="region"
            aria-label="figures of ${scenario.name}"
          >
            ${table(rowsOf(subjects), subjects)}
          </div>`
    }
  </details>`;
}

/** One figure of all subjects. */
interface Row {
  readonly title: string;
  /** Where the title alone would not say it. */
  readonly label?: string;
  readonly isSub: boolean;
  readonly cell: (of: SubjectAnalysis) => Markup;
}

const NONE = html`–`;

const rowsOf = (subjects: readonly SubjectAnalysis[]): Row[] => [
  { title: 'trials', isSub: false, cell: ({ trials }) => html`${trialsWords(trials)}` },
  { title: 'limited by', isSub: false, cell: (of) => html`${boundWords(of)}` },
  ...METRIC_NAMES.filter((name) => subjects.some(({ metrics }) => metrics[name] !== undefined)).flatMap((name) => [
    figureRow(name),
    ...versusRow(name, subjects),
  ]),
];

const trialsWords = ({ completed, invalid, failed }: SubjectAnalysis['trials']): string =>
  [
    `${completed} completed`,
    ...(invalid > 0 ? [`${invalid} invalid`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(', ');

function figureRow(name: MetricName): Row {
  const { title, unit } = metric(name);
  return {
    title,
    isSub: false,
    cell: ({ metrics }) => {
      const cell = cellOf(metrics[name], unit);
      return cell ? html`${cell.figure}${cell.interval !== undefined && html`<small>${cell.interval}</small>`}` : NONE;
    },
  };
}

/** 'against direct' lines, only for metrics that have any. */
function versusRow(name: MetricName, subjects: readonly SubjectAnalysis[]): Row[] {
  const of = ({ versusDirect }: SubjectAnalysis) => versusDirect.find((one) => one.metric === name);
  if (subjects.every((subject) => of(subject) === undefined)) return [];
  return [
    {
      title: 'against direct',
      label: `${metric(name).title}, against direct`,
      isSub: true,
      cell: (subject) => {
        const one = of(subject);
        if (!one) return NONE;
        const unit = one.kind === 'ratio' ? 'ratio' : metric(name).unit;
        const sign = one.kind === 'difference' && one.estimate.value > 0 ? '+' : '';
        return html`${sign}${formatQuantity(one.estimate.value, unit)}<small>${formatInterval(one.estimate, unit)}</small>${one.strength === 'cannot tell' && one.estimate.n > 1 && html`<small>no difference resolved</small>`}`;
      },
    },
  ];
}

const byFigure = (rows: readonly Row[], subjects: readonly SubjectAnalysis[]): Markup =>
  html`<table class="scroll">
    <thead>
      <tr>
        <th scope="col">Figure</th>
        ${subjects.map(({ subject }) => html`<th scope="col">${subject}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ title, label, isSub, cell }) =>
          html`<tr ${isSub && html` class="sub"`}>
            <th scope="row" ${label !== undefined && html` aria-label="${label}"`}>${title}</th>
            ${subjects.map((of) => html`<td>${cell(of)}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;

const bySubject = (rows: readonly Row[], subjects: readonly SubjectAnalysis[]): Markup =>
  html`<table class="scroll">
    <thead>
      <tr>
        <th scope="col">Subject</th>
        ${rows.map(({ title, label = title }) => html`<th scope="col">${label}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${subjects.map(
        (of) =>
          html`<tr>
            <th scope="row">${of.subject}</th>
            ${rows.map(({ cell }) => html`<td>${cell(of)}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
