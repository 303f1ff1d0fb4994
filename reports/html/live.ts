/** The page of one run while it goes on, as `hopcost serve` shows it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveState } from '../live.ts';
import { html } from './markup.ts';
import { documentOf } from './document.ts';

const SCRIPT = readFileSync(join(import.meta.dirname, 'live-script.js'), 'utf8');

export const livePage = ({ run, preset, state, done, planned, columns, rows, recent }: LiveState): string =>
  documentOf({
    title: `${run} · hopcost`,
    script: SCRIPT,
    connect: "'self'",
    body: html`<header>
        <p class="mark"><a href="/">hopcost</a> · ${preset}</p>
        <h1>${run}</h1>
      </header>
      <main>
        <p><span id="state" role="status">${state}, ${done} of ${planned} trials</span></p>
        <p><progress id="progress" max="${planned}" value="${done}" aria-label="trials done"></progress></p>
        <p id="report" ${state === 'running' && html`hidden`}><a href="report.html">Open the report</a></p>
        <p id="lost" class="alert" hidden>No answer: is <code>hopcost serve</code> still running?</p>
        <h2 id="so-far">So far</h2>
        <p class="soft">
          Medians over the rounds so far, invalid and failed trials left out. A saturated loop’s times are those of its
          queue. The report says what may be claimed of them.
        </p>
        <div class="box" tabindex="0" role="region" aria-labelledby="so-far">
          <table>
            <thead>
              <tr>
                <th scope="col">${columns[0]} · ${columns[1]}</th>
                ${columns.slice(2).map((column) => html`<th scope="col">${column}</th>`)}
              </tr>
            </thead>
            <tbody id="rows">
              ${rows.map(
                ([scenario, subject, ...figures]) =>
                  html`<tr>
                    <th scope="row">${scenario} · ${subject}</th>
                    ${figures.map((figure) => html`<td>${figure}</td>`)}
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
        <h2>Last trials</h2>
        <ul id="recent">
          ${recent.map((line) => html`<li>${line}</li>`)}
        </ul>
      </main>`,
  });
