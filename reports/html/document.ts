/** The HTML document around a body: its policy allows one style sheet and one script, by their hashes, and nothing from anywhere. */
import { html, type Markup, trusted } from './markup.ts';
import { policyOf } from './policy.ts';
import { STYLE } from './style.ts';

interface Page {
  readonly title: string;
  readonly body: Markup;
  readonly script: string;
  /** A page of a server, whose script may ask that server. */
  readonly connect?: "'self'";
}

export const documentOf = ({ title, body, script, connect }: Page): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policyOf(STYLE, script, connect)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        ${connect !== undefined && html`<link rel="icon" href="data:," />`}
        <title>${title}</title>
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        ${body} ${script !== '' && trusted(`<script>${script}</script>`)}
      </body>
    </html> `.text;

/** Indentation is for whoever reads the sources: one space says as much, but in what is preformatted. */
export const compact = (page: string): string =>
  page
    .split(/(<(pre|style|script)\b[\s\S]*?<\/\2>)/)
    .map((part, i) => (i % 3 === 0 ? part.replaceAll(/[ \n]+/g, ' ') : i % 3 === 1 ? part : ''))
    .join('');
