/** The first screen: the main figures as tiles, the layers ranked, then what was found in sentences; one of many of its kind is folded. */
import type { Analysis, Finding } from '#bench/analysis/analysis.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { STRENGTHS } from '../strength.ts';
import { html, type Markup } from './markup.ts';
import { rankingCards } from './ranking.ts';

const MOST_TILES = 4;

export function findingsSection(analysis: Analysis): Markup {
  const [, ...others] = analysis.findings;
  const main = others.filter(({ isDetail }) => !isDetail);
  const details = others.filter(({ isDetail }) => isDetail);
  return html`<section aria-labelledby="findings">
    <h2 id="findings">What was found</h2>
    ${tiles(analysis)} ${rankingCards(analysis)}
    <ul class="findings">
      ${main.map(item)}
    </ul>
    ${
      details.length > 0 &&
      html`<details class="more">
        <summary>
          ${details.length} more, pair by pair
          <small class="soft">TLS of each maker, each proxy against the reference</small>
        </summary>
        <ul class="findings">
          ${details.map(item)}
        </ul>
      </details>`
    }
    <p class="soft">
      ${Object.values(STRENGTHS).map(({ label, meaning }, i) => html`${i > 0 && '; '}<b>${label}</b>: ${meaning}`)}.
    </p>
  </section>`;
}

/** The cheapest layer first, as a request meets them: L4, L7, TLS, then the time that they add. */
function tiles({ findings }: Analysis): Markup {
  const figures = findings.flatMap(({ figure, isDetail }) => (figure && !isDetail ? [figure] : []));
  if (figures.length === 0) return html``;
  const [l7, l4, ...rest] = figures;
  const ordered = l4?.layer === 'l4' ? [l4, l7!, ...rest] : figures;
  return html`<ul class="tiles">
    ${ordered
      .slice(0, MOST_TILES)
      .map(
        ({ label, what, estimate, unit }) =>
          html`<li>
            <span>${label}</span><b>${formatQuantity(estimate.value, unit)}</b
            ><span>${what}, ${estimate.n < 2 ? 'one round, no interval' : formatInterval(estimate, unit)}</span>
          </li>`,
      )}
  </ul>`;
}

const item = (finding: Finding): Markup =>
  html`<li>${badge(finding.strength)}<span>${unbroken(finding.sentence)} ${evidence(finding)}</span></li>`;

const badge = (strength: Finding['strength']): Markup =>
  html`<span class="badge ${strength.replaceAll(' ', '-')}" title="${STRENGTHS[strength].meaning}"
    >${STRENGTHS[strength].label}</span
  >`;

const PARTS: Readonly<Record<NonNullable<Finding['part']>, { readonly id: string; readonly name: string }>> = {
  ranking: { id: 'ranking', name: 'ranking' },
  knees: { id: 'knees', name: 'search' },
  calibration: { id: 'calibration', name: 'calibration' },
  'second-opinions': { id: 'second-opinions', name: 'second opinions' },
  noise: { id: 'noise-floor', name: 'noise floor' },
  trials: { id: 'trials', name: 'trials' },
  configuration: { id: 'configs', name: 'configuration' },
};

function evidence({ scenario, part }: Finding): Markup {
  const { id, name } = part ? PARTS[part] : { id: `scenario-${scenario}`, name: scenario };
  return html`<a class="evidence" href="#${id}" aria-label="evidence: ${name}">${name}</a>`;
}

/** Names and intervals of ordinary length are not broken at their hyphens and dashes. */
const unbroken = (sentence: string): Markup[] =>
  sentence
    .split(/(\S{0,12}[-–]\S{0,14})(?=\s|$)/)
    .map((part, i) => (i % 2 === 1 ? html`<span class="whole">${part}</span>` : html`${part}`));

/** The first finding is the headline. */
export function headline({ findings: [first], basis }: Analysis): Markup {
  if (!first) return html`<h1>Nothing could be measured in this run.</h1>`;
  const { claim, reason } = apart(first);
  return html`<h1>${unbroken(claim)}</h1>
    <p class="basis">${badge(first.strength)} <span>${reason} ${basis} ${evidence(first)}</span></p>`;
}

/** Why something cannot be told is long, and is read second. */
function apart({ sentence, strength }: Finding): { readonly claim: string; readonly reason: string } {
  const at = sentence.indexOf(': ');
  if (strength !== 'cannot tell' || at < 0) return { claim: sentence, reason: '' };
  return { claim: `${sentence.slice(0, at)}.`, reason: `${sentence[at + 2]!.toUpperCase()}${sentence.slice(at + 3)}` };
}
