/** The charts, each drawn twice: for a wide and for a narrow page, so that letters stay letters on a phone. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { charts } from '../charts/registry.ts';
import type { Drawing } from '../charts/chart.ts';
import { renderSvg } from '../charts/render.ts';
import { html, type Markup, trusted } from './markup.ts';

const WIDTHS = { wide: 860, narrow: 330 } as const;

export async function figuresSection(analysis: Analysis): Promise<Markup> {
  const figures: Markup[] = [];
  for (const chart of charts)
    for (const [index, drawing] of chart.draw(analysis).entries())
      figures.push(await figure(drawing, index === 0 ? chart.name : `${chart.name}-${index + 1}`));
  return html`<section aria-labelledby="charts">
    <h2 id="charts">Charts</h2>
    ${figures}
  </section>`;
}

async function figure(drawing: Drawing, name: string): Promise<Markup> {
  const { title } = drawing;
  if (drawing.state === 'cannot tell')
    return html`<figure id="${name}">
      <figcaption>${title}: cannot tell</figcaption>
      <div class="nothing"><p>${drawing.reason}</p></div>
    </figure>`;
  const { description, spec } = drawing;
  const svgs: Markup[] = [];
  for (const [kind, width] of Object.entries(WIDTHS)) {
    const { svg } = await renderSvg(spec(width), { id: `${name}-${kind}`, title, description });
    svgs.push(trusted(svg.replace(/class="marks"/, `class="${kind}"`)));
  }
  return html`<figure id="${name}">
    <figcaption>${title}</figcaption>
    ${svgs}
  </figure>`;
}
