/** The frame of the pages of `hopcost serve`, and the page of one run while it goes on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveState } from '../live.ts';
import { html, type Markup, trusted } from './markup.ts';
import { policyOf } from './policy.ts';
import { STYLE } from './style.ts';

const SCRIPT = readFileSync(join(import.meta.dirname, 'live-script.js'), 'utf8');

/** A page of the server; `script` may ask the server, and nobody else. */
export function documentOf(title: string, body: Markup, script: string): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policyOf(STYLE, script, "'self'")}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        ${body} ${script !== '' && trusted(`<script>${script}</script>`)}
      </body>
    </html> `.text;
}

export const livePage = ({ run, preset, state, done, planned, columns, rows, recent }: LiveState): string =>
  documentOf(
    `${run} · hopcost`,
    html`<header>
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
    SCRIPT,
  );
