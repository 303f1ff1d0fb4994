/** The document around the sections: head, policy, contents. The policy allows one style sheet and one script, by hash, and no request. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { repeatCommand } from '../again.ts';
import { budgetsSection } from './budgets.ts';
import { comparisonSection } from './comparison.ts';
import { configsSection } from './configs.ts';
import { downloadsSection } from './downloads.ts';
import { environmentSection } from './environment.ts';
import { explanationSection } from './explanation.ts';
import { figuresSection } from './figures.ts';
import { findingsSection, headline } from './findings.ts';
import { instrumentsSection } from './instruments.ts';
import { kneesSection } from './knees.ts';
import { html, type Markup, trusted } from './markup.ts';
import { opinionsSection } from './opinions.ts';
import { policyOf } from './policy.ts';
import { scenariosSection } from './scenarios.ts';
import { STYLE } from './style.ts';
import { trialsSection } from './trials.ts';
import { trustLine } from './trust.ts';

/** Sorting, toggles and hover values; the page says the same without it. */
export const SCRIPT = readFileSync(join(import.meta.dirname, 'page-script.js'), 'utf8');

const POLICY = policyOf(STYLE, SCRIPT);

/** Octets that a page may have, with room for what stands around the records. */
const LARGEST = 1.48e6;

/** Indentation is for whoever reads the sections’ source: one space says as much, but in what is preformatted. */
const compact = (page: string): string =>
  page
    .split(/(<(pre|style|script)\b[\s\S]*?<\/\2>)/)
    .map((part, i) => (i % 3 === 0 ? part.replaceAll(/[ \n]+/g, ' ') : i % 3 === 1 ? part : ''))
    .join('');

const date = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

export async function page(analysis: Analysis, records: RunRecords): Promise<string> {
  const { run, state, budgets = [], knees } = analysis;
  /** A search alone has neither figures of rounds nor trials. */
  const hasRounds = analysis.trials.length > 0 || !knees;
  const contents: readonly (readonly [string, string])[] = [
    ['findings', 'Findings'],
    ...(budgets.length > 0 ? [['budgets', 'Budgets'] as const] : []),
    ...(knees ? [['knees', 'Highest rate'] as const] : []),
    ...(hasRounds ? [['comparison', 'Comparison'] as const] : []),
    ['charts', 'Charts'],
    ['explanation', 'L4 and L7'],
    ['scenarios', 'Scenarios'],
    ...(hasRounds ? [['trials', 'Trials'] as const] : []),
    ['environment', 'Environment'],
    ['calibration', 'Calibration'],
    ['noise-floor', 'Noise floor'],
    ...(analysis.secondOpinion ? [['second-opinions', 'Second opinions'] as const] : []),
    ['configs', 'Configuration'],
    ['again', 'Run it again'],
    ['records', 'Records'],
  ];
  const header = html`<header>
    <p class="mark">
      <b>hopcost</b> · ${run.preset} · <time datetime="${run.startedAt}">${date(run.startedAt)}</time> ·
      ${run.environment.cpuModel}
    </p>
    ${headline(analysis)} ${trustLine(analysis)}
    ${state !== 'completed' && html`<p class="alert" role="note">This run was ${state === 'interrupted' ? 'interrupted' : 'not finished'}: the figures rest on what was measured until then.</p>`}
    <nav aria-label="Contents">
      <ul>
        ${contents.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
      </ul>
    </nav>
  </header>`;
  const sections = html`${findingsSection(analysis)} ${budgetsSection(budgets)} ${kneesSection(analysis)}
  ${hasRounds && comparisonSection(analysis)} ${await figuresSection(analysis)} ${await explanationSection(analysis)}
  ${scenariosSection(analysis)} ${hasRounds && trialsSection(analysis)} ${environmentSection(analysis)}
  ${instrumentsSection(analysis)} ${opinionsSection(analysis)} ${configsSection(analysis)} ${againSection(analysis)}`;
  const footer = html`<footer>
    <p>
      hopcost ${run.hopcost}, run ${run.run}. Every figure comes from trials.ndjson next to this page;
      <code>hopcost report</code> renders it again without measuring.
    </p>
  </footer>`;
  const whole = (downloads: Markup): string =>
    compact(
      documentOf(
        run.run,
        html`${header}
          <main>${sections} ${downloads}</main>
          ${footer}`,
      ).text,
    );
  const room = LARGEST - Buffer.byteLength(whole(html``));
  return whole(downloadsSection(analysis, records, room));
}

const documentOf = (run: string, body: Markup): Markup =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>What the hops cost · ${run}</title>
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        ${body} ${trusted(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `;

const againSection = ({ run }: Analysis): Markup =>
  html`<section aria-labelledby="again">
    <h2 id="again">Run it again</h2>
    <p>
      The same subjects in the same order, in the
      checkout${run.revision !== null && html` at <code>${run.revision}</code>`}:
    </p>
    <pre tabindex="0">${repeatCommand(run)}</pre>
  </section>`;
