/** The first screen: the main figures as tiles, then every finding as a sentence with what it may be called. */
import type { Analysis, Finding } from '#bench/analysis/analysis.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/quantity.ts';
import { STRENGTHS } from '../strength.ts';
import { html, type Markup } from './markup.ts';

const MOST_TILES = 4;

export function findingsSection({ findings }: Analysis): Markup {
  const tiles = findings
    .flatMap(({ figure, scenario }) => (figure ? [{ ...figure, scenario }] : []))
    .slice(0, MOST_TILES);
  const [, ...others] = findings;
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
      ${others.map(({ sentence, strength, scenario }) => html`<li>${badge(strength)}<span>${unbroken(sentence)} ${evidence(scenario)}</span></li>`)}
    </ul>
    <p class="soft">
      ${Object.values(STRENGTHS).map(({ label, meaning }, i) => html`${i > 0 && '; '}<b>${label}</b>: ${meaning}`)}.
    </p>
  </section>`;
}

const badge = (strength: Finding['strength']): Markup =>
  html`<span class="badge ${strength.replaceAll(' ', '-')}" title="${STRENGTHS[strength].meaning}"
    >${STRENGTHS[strength].label}</span
  >`;
const evidence = (scenario: string): Markup =>
  html`<a class="evidence" href="#scenario-${scenario}" aria-label="evidence: ${scenario}">${scenario}</a>`;

/** Names and intervals of ordinary length are not broken at their hyphens and dashes. */
const unbroken = (sentence: string): Markup[] =>
  sentence
    .split(/(\S{0,12}[-–]\S{0,14})(?=\s|$)/)
    .map((part, i) => (i % 2 === 1 ? html`<span class="whole">${part}</span>` : html`${part}`));

/** The first finding is the headline. */
export function headline({ findings: [first], basis }: Analysis): Markup {
  if (!first) return html`<h1>Nothing could be measured in this run.</h1>`;
  return html`<h1>${unbroken(first.sentence)}</h1>
    <p class="basis">${badge(first.strength)} <span>${basis} ${evidence(first.scenario)}</span></p>`;
}
