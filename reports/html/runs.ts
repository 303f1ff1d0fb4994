/** The list of runs that `hopcost serve` shows, and two of them side by side. */
import type { RunComparison } from '#bench/analysis/across-runs/compare-runs.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { comparisonBlocks } from '../content/run-comparison.ts';
import { blocksOf } from './blocks.ts';
import { documentOf } from './document.ts';
import { html, type Markup } from './markup.ts';

export interface ListedRun {
  readonly name: string;
  readonly preset: string;
  readonly startedAt: string;
  readonly state: 'running or unfinished' | 'completed' | 'interrupted';
  readonly hasReport: boolean;
  /** CPU per request of the reference hops in microseconds, a figure a trial, oldest first; none where they did not run. */
  readonly costs: { readonly l4?: readonly number[]; readonly l7?: readonly number[] };
}

export interface SkippedRun {
  readonly name: string;
  readonly reason: string;
}

const HEADS = ['Compare', 'Run', 'Preset', 'Started', 'State', 'L4 hop', 'L7 hop', 'Report'] as const;

export const runsPage = (runs: readonly ListedRun[], skipped: readonly SkippedRun[] = []): string =>
  documentOf({
    title: 'Runs · hopcost',
    script: '',
    connect: "'self'",
    body: html`<header>
        <p class="mark"><b>hopcost</b></p>
        <h1>Runs</h1>
      </header>
      <main>
        ${runs.length === 0 ? html`<p>No run yet: <code>npx hopcost bench</code> makes one.</p>` : runsForm(runs)}
        ${
          skipped.length > 0 &&
          html`<h2>Left out</h2>
            <ul>
              ${skipped.map(({ name, reason }) => html`<li><code>${name}</code>: ${reason}</li>`)}
            </ul>`
        }
      </main>`,
  });

const runsForm = (runs: readonly ListedRun[]): Markup =>
  html`<form action="/compare" method="get">
    <p class="soft">
      CPU per request of the reference hops, the median of each run’s trials; the line shows the trials in their order.
      Tick two runs to compare them.
    </p>
    <div class="box" tabindex="0" role="region" aria-label="table: runs">
      <table>
        <thead>
          <tr>
            ${HEADS.map((head) => html`<th scope="col" class="text">${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${runs.map(runRow)}
        </tbody>
      </table>
    </div>
    <p><button type="submit">Compare the two that are ticked</button></p>
  </form>`;

function runRow({ name, preset, startedAt, state, hasReport, costs }: ListedRun): Markup {
  const place = `/runs/${encodeURIComponent(name)}/`;
  return html`<tr>
    <td class="text"><input type="checkbox" name="run" value="${name}" aria-label="compare ${name}" /></td>
    <th scope="row"><a href="${place}">${name}</a></th>
    <td class="text">${preset}</td>
    <td class="text">${startedAt.slice(0, 16).replace('T', ' ')} UTC</td>
    <td class="text">${state}</td>
    <td class="text">${costCell(costs.l4)}</td>
    <td class="text">${costCell(costs.l7)}</td>
    <td class="text">
      ${hasReport ? html`<a href="${place}report.html" aria-label="report of ${name}">open</a>` : '–'}
    </td>
  </tr>`;
}

function costCell(figures: readonly number[] = []): Markup {
  if (figures.length === 0) return html`–`;
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  return html`${formatQuantity(middle, 'µs')} ${sparkline(figures)}`;
}

const [WIDE, HIGH] = [72, 16];

/** From nothing to the largest, so that a run in which little moved looks flat. Nothing for a single figure. */
function sparkline(figures: readonly number[]): Markup {
  const most = Math.max(...figures);
  if (figures.length < 2 || most <= 0) return html``;
  const points = figures.map(
    (figure, i) => `${((WIDE * i) / (figures.length - 1)).toFixed(1)},${(HIGH * (1 - figure / most)).toFixed(1)}`,
  );
  return html`<svg
    viewBox="0 -1 ${WIDE} ${HIGH + 2}"
    width="${WIDE}"
    height="${HIGH + 2}"
    aria-hidden="true"
    focusable="false"
  >
    <polyline points="${points.join(' ')}" fill="none" stroke="currentColor" stroke-width="1.5" />
  </svg>`;
}

/** `text`: what `hopcost compare` prints of them. */
export const comparePage = async (names: readonly string[], comparison: RunComparison): Promise<string> =>
  documentOf({
    title: 'Two runs · hopcost',
    script: '',
    connect: "'self'",
    body: html`<header>
        <p class="mark"><a href="/">hopcost</a></p>
        <h1>${names.join(' and ')}</h1>
      </header>
      <main>${await blocksOf(comparisonBlocks(comparison))}</main>`,
  });
