/** The first screen: the main figures as tiles, then every finding as a sentence with what it may be called. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/quantity.ts';
import { STRENGTHS } from '../strength.ts';
import { html, type Markup } from './markup.ts';

export const slug = (text: string): string => text.replaceAll(' ', '-');
const MOST_TILES = 4;

export function findingsSection({ findings, basis }: Analysis): Markup {
  const tiles = findings
    .flatMap(({ figure, scenario }) => (figure ? [{ ...figure, scenario }] : []))
    .slice(0, MOST_TILES);
  return html`<section aria-labelledby="findings">
    <h2 id="findings">What was found</h2>
    ${
      tiles.length > 0 &&
      html`<ul class="tiles">
        ${tiles.map(
          ({ label, estimate, unit }) =>
            html`<li>
              <span>${label}</span><b>${formatQuantity(estimate.value, unit)}</b
              ><span
                >CPU per request, ${estimate.n < 2 ? 'one round, no interval' : formatInterval(estimate, unit)}</span
              >
            </li>`,
        )}
      </ul>`
    }
    <ul class="findings">
      ${findings.map(
        ({ sentence, strength, scenario }) =>
          html`<li>
            <span class="badge ${slug(strength)}" title="${STRENGTHS[strength].meaning}"
              >${STRENGTHS[strength].label}</span
            >
            <span>${sentence} <a href="#scenario-${scenario}" aria-label="evidence in ${scenario}">evidence</a></span>
          </li>`,
      )}
    </ul>
    <p class="soft">
      ${basis}
      ${Object.values(STRENGTHS).map(({ label, meaning }, i) => html`${i > 0 && '; '}<b>${label}</b>: ${meaning}`)}.
    </p>
  </section>`;
}
