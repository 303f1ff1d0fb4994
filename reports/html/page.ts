/** The report as a page: the answer on the first screen, then what everyone reads, then the evidence, folded. One file, no request. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { looksOf } from '../charts/palette.ts';
import { reportOf } from '../content/report.ts';
import type { Missing, Report, Section } from '../document/tree.ts';
import { blocksOf, figureOf, foldOf, sectionOf } from './blocks.ts';
import { compact, documentOf } from './document.ts';
import { downloadsFold } from './downloads.ts';
import { html, type Markup } from './markup.ts';
import { tableOf } from './table.ts';
import { badge, inline } from './text.ts';

/** Sorting, toggles and hover values; the page says the same without it. */
export const SCRIPT = readFileSync(join(import.meta.dirname, 'page-script.js'), 'utf8');

/** Bytes that a page may have, with room for what stands around the records. */
const LARGEST = 1.48e6;

export async function page(analysis: Analysis, records: RunRecords): Promise<string> {
  const report = reportOf(analysis);
  const [first, ...others] = report.sections;
  const isBeside = first?.id === 'findings';
  const beside = isBeside ? await blocksOf(first.blocks) : [];
  const sections = await sectionsOf(isBeside ? others : report.sections);
  const folds = await Promise.all(report.evidence.map(foldOf));
  const pictures = await Promise.all(report.pictures.map(figureOf));
  const whole = (downloads: Markup): string =>
    compact(
      documentOf({
        title: `${report.title} · ${analysis.run.run}`,
        script: SCRIPT,
        body: html`<div class="frame">
          ${contents(report)}
          <div class="report">
            ${header(report)}
            <main>
              <div class="halves">
                <div>
                  ${report.summary && tableOf(report.summary)}
                  ${
                    isBeside &&
                    html`<section aria-labelledby="findings">
                      <h2 id="findings">${first.title}</h2>
                      ${beside}
                    </section>`
                  }
                </div>
                ${pictures.length > 0 && html`<div class="pictures">${pictures}</div>`}
              </div>
              ${toggles(analysis)} ${sections} ${missingLine(report.missing)}
              <section class="part" aria-labelledby="evidence">
                <h2 id="evidence">Evidence</h2>
                ${folds} ${downloads}
              </section>
            </main>
            <footer>
              <p>
                hopcost ${analysis.run.hopcost}, run ${analysis.run.run}. <code>hopcost report</code> renders this page
                again from trials.ndjson beside it.
              </p>
            </footer>
          </div>
        </div>`,
      }),
    );
  const room = LARGEST - Buffer.byteLength(whole(html``));
  return whole(downloadsFold(analysis, records, room));
}

/** Short tables of as many rows stand side by side. */
async function sectionsOf(sections: readonly Section[]): Promise<Markup[]> {
  const out: Markup[] = [];
  for (let at = 0; at < sections.length; at++) {
    const [one, next] = [sections[at]!, sections[at + 1]];
    const isPair = next !== undefined && isSlim(one) && isSlim(next);
    out.push(
      isPair ? html`<div class="pair">${await Promise.all([one, next].map(sectionOf))}</div>` : await sectionOf(one),
    );
    if (isPair) at++;
  }
  return out;
}

const [MOST_ABREAST, LEAST_ROWS] = [6, 10];
const isSlim = ({ blocks }: Section): boolean =>
  blocks.some(
    (block) => block.kind === 'table' && block.columns.length <= MOST_ABREAST && block.rows.length > LEAST_ROWS,
  );

const contents = ({ sections }: Report): Markup =>
  html`<nav aria-label="Contents">
    <ul>
      <li><a href="#top">Answer</a></li>
      ${sections.map(({ id, title, short = title }) => html`<li><a href="#${id}">${short}</a></li>`)}
      <li><a href="#evidence">Evidence</a></li>
    </ul>
  </nav>`;

const header = ({ mark, alert, answer: { sentence, badge: of, reasons } }: Report): Markup =>
  html`<header id="top">
    <p class="mark"><b>hopcost</b> · ${mark.join(' · ')}</p>
    <h1>${inline(sentence)}</h1>
    <div class="sure">
      ${badge(of)}
      <ul aria-label="What that rests on">
        ${reasons.map(({ badge: mark, text, evidence }) => html`<li>${mark && html`<span class="dot ${mark.tone}" aria-hidden="true">${mark.word}</span>`}<a href="#${evidence!.to}">${inline(text)}</a></li>`)}
      </ul>
    </div>
    ${alert !== undefined && html`<p class="alert" role="note">${alert}</p>`}
  </header>`;

/** In one line: what the run lacks, and what would give it. */
const missingLine = (missing: readonly Missing[]): Markup =>
  missing.length === 0
    ? html``
    : html`<p class="soft missing">
        Not in this run:
        ${missing.map(({ what, how }, i) => html`${i > 0 && '; '}${what}${how !== '' && html` (<code>${how}</code>)`}`)}.
      </p>`;

/** Buttons for more subjects than these are folded. */
const MOST_OPEN = 8;

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
