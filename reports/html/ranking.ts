/** The proxies of each layer by CPU per request: rank, bar, figure with its interval; what cannot be told apart is bracketed together. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { layerName, type Ranked, type Ranking, rankWords, tiesOf } from '#bench/analysis/comparison/ranking.ts';
import { html, type Markup } from './markup.ts';

/** Nothing where no layer has two proxies to set in order. */
export function rankingCards({ rankings }: Analysis): Markup {
  const shown = rankings.filter(({ ranked }) => ranked.length > 0);
  if (shown.every(({ ranked }) => ranked.length < 2)) return html``;
  const longest = Math.max(...shown.flatMap(({ ranked }) => ranked.map(({ estimate }) => estimate.high)));
  return html`<h3 id="ranking">CPU per request, layer by layer</h3>
    <div class="ranking">${shown.map((ranking) => card(ranking, longest))}</div>
    <p class="soft">
      A rank is what comparing every pair of a layer round by round leaves open, all pairs corrected as one family
      (Holm):
      <b>2</b> is second, <b>2–3</b> one of both. A bracket holds neighbours that cannot be told apart; a rank with ≈
      rests on a first look. All bars have one scale; the dark line on a bar is the interval.
    </p>`;
}

function card(ranking: Ranking, longest: number): Markup {
  const { ranked, unranked, scenario } = ranking;
  const ties = tiesOf(ranking);
  const name = layerName(ranking);
  return html`<section class="layer-card" aria-label="${name}, ranked">
    <h4>
      ${name}
      <small class="soft"
        >${ranked.length} ${ranked.length === 1 ? 'proxy' : 'proxies'} in
        <a href="#scenario-${scenario}">${scenario}</a></small
      >
    </h4>
    <ol>
      ${ranked.map((one) => row(one, ranked.length, tieClass(one, ties), longest))}
    </ol>
    ${unranked.length > 0 && html`<p class="soft">Not ranked: ${unranked.map(({ subject, reason }, i) => html`${i > 0 && '; '}${subject}, ${reason}`)}.</p>`}
  </section>`;
}

/** Where in a bracket of neighbours that cannot be told apart. */
function tieClass(one: Ranked, ties: readonly (readonly Ranked[])[]): string {
  const tie = ties.find((own) => own.includes(one));
  if (!tie) return '';
  return one === tie[0] ? 'tie first' : one === tie.at(-1) ? 'tie last' : 'tie';
}

function row(one: Ranked, rivals: number, tie: string, longest: number): Markup {
  const { subject, estimate, strength } = one;
  const at = (value: number): string => ((100 * Math.max(0, value)) / Math.max(longest, 1e-9)).toFixed(1);
  const sure = strength === 'look' ? '≈ ' : '';
  return html`<li class="${tie}">
    <span class="rank">${rivals > 1 && html`<span class="unseen">rank </span>${sure}${rankWords(one)}`}</span>
    <span class="name">${subject}</span>
    <span class="figure">${formatQuantity(estimate.value, 'µs')} <small>${formatInterval(estimate, 'µs')}</small></span>
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="bar" width="${at(estimate.value)}" height="6" />
      ${estimate.high > estimate.low && html`<rect class="range" x="${at(estimate.low)}" width="${at(estimate.high - Math.max(0, estimate.low))}" y="2" height="2" />`}
    </svg>
  </li>`;
}
