/** The charts, each drawn twice: for a wide and for a narrow page, so that letters stay letters on a phone. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Chart, DataTable, Drawing } from '../charts/chart.ts';
import { looksOf } from '../charts/palette.ts';
import { charts } from '../charts/registry.ts';
import { renderSvg } from '../charts/render.ts';
import { html, type Markup, trusted } from './markup.ts';
import { scrollTable } from './table.ts';

/** Buttons for more subjects than these are folded. */
const MOST_OPEN = 8;

const WIDTHS = { wide: 860, narrow: 330 } as const;

type Named = { readonly name: string; readonly drawing: Drawing };
const drawingsOf = (chart: Chart, analysis: Analysis): Named[] =>
  chart
    .draw(analysis)
    .map((drawing, index) => ({ name: index === 0 ? chart.name : `${chart.name}-${index + 1}`, drawing }));

/** What can be drawn first; then, small and apart, what this run cannot tell. */
export async function figuresSection(analysis: Analysis): Promise<Markup> {
  const drawings = charts.flatMap((chart) => drawingsOf(chart, analysis));
  const figures = await drawAll(drawings.filter(({ drawing }) => drawing.state === 'drawn'));
  const untold = await drawAll(drawings.filter(({ drawing }) => drawing.state !== 'drawn'));
  return html`<section aria-labelledby="charts">
    <h2 id="charts">Charts</h2>
    ${figures.length > 0 && toggles(analysis)} ${figures}
    ${
      untold.length > 0 &&
      html`<h3>What this run cannot tell</h3>
        <div class="untold">${untold}</div>`
    }
  </section>`;
}

export const figuresOf = async (chart: Chart, analysis: Analysis): Promise<Markup[]> =>
  drawAll(drawingsOf(chart, analysis));

async function drawAll(drawings: readonly Named[]): Promise<Markup[]> {
  const figures: Markup[] = [];
  for (const { drawing, name } of drawings) figures.push(await figureOf(drawing, name));
  return figures;
}

/** Shown by the script alone: without it there is nothing to switch. */
function toggles(analysis: Analysis): Markup {
  const looks = looksOf(analysis);
  const names = analysis.subjects.map(({ subject }) => subjectName(subject));
  if (names.length < 2) return html``;
  const buttons = html`<div class="toggles" role="group" aria-label="Subjects shown in the charts" hidden>
    ${names.map(
      (name) =>
        html`<button type="button" aria-pressed="true" data-subject="${name}">
          <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
            <circle cx="6" cy="6" r="5" fill="${looks.get(name)!.colour}" /></svg
          >${name}
        </button>`,
    )}
  </div>`;
  if (names.length <= MOST_OPEN) return buttons;
  return html`<details class="choose" hidden>
    <summary>Choose which of ${names.length} subjects are drawn</summary>
    ${buttons}
  </details>`;
}

export async function figureOf(drawing: Drawing, name: string): Promise<Markup> {
  const { title } = drawing;
  if (drawing.state === 'cannot tell')
    return html`<figure id="${name}" class="nothing">
      <figcaption>${title}: cannot tell</figcaption>
      <p>${drawing.reason}</p>
    </figure>`;
  const { description, spec, table } = drawing;
  const svgs: Markup[] = [];
  for (const [kind, width] of Object.entries(WIDTHS)) {
    const { svg } = await renderSvg(spec(width), { id: `${name}-${kind}`, title, description });
    svgs.push(trusted(svg.replace(/class="marks"/, `class="${kind}"`)));
  }
  return html`<figure id="${name}">
    <figcaption>${title}</figcaption>
    ${svgs} ${dataTable(table, title)}
  </figure>`;
}

const dataTable = ({ columns, rows }: DataTable, title: string): Markup =>
  html`<details class="data">
    <summary>Data<span class="unseen"> of the chart: ${title}</span></summary>
    ${scrollTable({
      label: `data: ${title}`,
      heads: columns,
      rows: rows.map(
        ([head, ...cells]) =>
          html`<tr>
            <th scope="row">${head}</th>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      ),
    })}
  </details>`;
