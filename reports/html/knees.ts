/** The searched knees: what each search came to, and every window that it rests on. Nothing where none was searched. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { KneeAnalysis, KneePoint, Knees } from '#bench/analysis/knees/knees.ts';
import { describeSearch } from '#bench/analysis/knees/knees.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { kneeTables } from '../knees.ts';
import { html, type Markup } from './markup.ts';
import { scrollTable } from './table.ts';

const BADGES: Readonly<Record<KneePoint['kind'], string>> = {
  held: 'completed',
  missed: 'bad',
  limited: 'look',
  disturbed: 'note',
};

export function kneesSection(analysis: Analysis): Markup {
  const { knees } = analysis;
  if (!knees) return html``;
  return html`<section aria-labelledby="knees">
    <h2 id="knees">Highest rate that keeps the objective</h2>
    ${kneeTables(analysis).map(({ title, heads, rows }) =>
      scrollTable({
        label: `table: ${title}`,
        caption: title,
        heads: ['Subject', ...heads, { text: 'why no more can be told' }],
        rows: rows.map(
          ({ subject, cells, search }) =>
            html`<tr>
              <th scope="row">${subject}</th>
              ${cells.map((cell) => html`<td class="nowrap">${cell}</td>`)}
              <td class="text">${search.state === 'cannot tell' ? (search.limit?.why ?? search.words) : '–'}</td>
            </tr>`,
        ),
      }),
    )}
    <p class="soft">
      ${describeSearch(knees)} The offered rate counts as carried where at most 1 % of the schedule goes unsent. A miss
      counts as the subject’s only where nothing else was at its limit and direct held at that rate.
    </p>
    ${knees.searches.map((search) => windowsOf(search, knees))}
  </section>`;
}

const windowsOf = ({ subject, scenario, windows }: KneeAnalysis, { shown }: Knees): Markup =>
  html`<details>
    <summary>${subject} <small class="soft">${scenario}, ${windows.length} windows in their order</small></summary>
    ${scrollTable({
      label: `windows of ${subject} in ${scenario}`,
      heads: ['Window', 'Offered', ...(shown ? [shown.title] : []), { text: 'Outcome' }, { text: 'Why' }],
      rows: windows.map(
        ({ rate, kind, why, micros }, i) =>
          html`<tr>
            <th scope="row">${i + 1}</th>
            <td class="nowrap">${formatQuantity(rate, '/s')}</td>
            ${shown && html`<td class="nowrap">${micros === null ? '–' : formatQuantity(micros, 'µs')}</td>`}
            <td class="text"><span class="badge ${BADGES[kind]}">${kind}</span></td>
            <td class="text">${why ?? '–'}</td>
          </tr>`,
      ),
    })}
  </details>`;
