/** A history as a page of its own: its charts, and every change point found. One file, no request. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeriesVerdict } from '#bench/analysis/across-runs/change-points.ts';
import { historyView } from '#bench/analysis/across-runs/history.ts';
import type { HistoryLine } from '#bench/model/history.ts';
import { drawHistory } from '../charts/history.ts';
import { looksOfNames } from '../charts/palette.ts';
import { changeWords, conclusion, seriesWords } from '../history.ts';
import { figureOf } from './figures.ts';
import { html, type Markup, trusted } from './markup.ts';
import { scrollTable } from './table.ts';
import { policyOf } from './policy.ts';
import { STYLE } from './style.ts';

const SCRIPT = readFileSync(join(import.meta.dirname, 'page-script.js'), 'utf8');
const POLICY = policyOf(STYLE, SCRIPT);

export async function historyPage(lines: readonly HistoryLine[], verdicts: readonly SeriesVerdict[]): Promise<string> {
  const { points, marks } = historyView(lines, verdicts);
  const looks = looksOfNames([...new Set(points.map(({ subject }) => subject))]);
  const newest = points.at(-1)?.fingerprint;
  const drawings = [
    drawHistory({ points, marks, looks }),
    // Beside the ratios, the figures themselves on the newest host.
    drawHistory({
      points: points.filter(({ fingerprint }) => fingerprint === newest),
      marks,
      looks,
      where: 'on the newest host',
      absolute: true,
    }),
  ];
  const figures: Markup[] = [];
  for (const [i, drawing] of drawings.entries()) figures.push(await figureOf(drawing, `history-${i + 1}`));
  const body = html`<header>
      <p class="mark"><b>hopcost</b> · history of ${lines.length} runs</p>
      <h1>What the hops cost from run to run</h1>
    </header>
    <main>
      <section aria-labelledby="charts">
        <h2 id="charts">Charts</h2>
        ${figures}
      </section>
      <section aria-labelledby="changes">
        <h2 id="changes">Change points</h2>
        ${changesTable(verdicts)}
        <p>${conclusion(verdicts)}</p>
      </section>
    </main>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>What the hops cost from run to run</title>
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        ${body} ${trusted(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.text;
}

function changesTable(verdicts: readonly SeriesVerdict[]): Markup {
  const rows = verdicts.flatMap(({ series, changes }) => changes.map((change) => ({ series, change })));
  if (rows.length === 0) return html``;
  return scrollTable({
    label: 'change points',
    heads: ['Series', 'New level ÷ old', 'p', 'Last before', 'First after', 'Changed too'],
    rows: rows.map(
      ({ series, change }) =>
        html`<tr>
          <th scope="row">${seriesWords(series)}</th>
          <td>${changeWords(change)}</td>
          <td>${change.p.toPrecision(1)}</td>
          <td>${place(change.before)}</td>
          <td>${place(change.after)}</td>
          <td>${change.along.join(', ') || '–'}</td>
        </tr>`,
    ),
  });
}

const place = ({ commit, run, at }: { commit: string | null; run: string; at: string }): Markup =>
  html`${commit?.slice(0, 12) ?? run} <small>${at.slice(0, 10)}</small>`;
