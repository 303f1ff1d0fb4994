/**
 * The same charts, drawn by Vega in the browser: zoom, pan, tooltips. Its expressions run in Vega's interpreter, so that the policy needs
 * no 'unsafe-eval'. About half a megabyte more than the report: written only where it is asked for.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from 'vega-lite';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { drawAll } from './charts/chart.ts';
import { allCharts } from './charts/registry.ts';
import type { Exporter } from './contract.ts';
import { html, trusted } from './html/markup.ts';
import { policyOf } from './html/policy.ts';
import { STYLE } from './html/style.ts';

/** Folders of the packages' builds. */
const VEGA = dirname(fileURLToPath(import.meta.resolve('vega')));
const INTERPRETER = dirname(fileURLToPath(import.meta.resolve('vega-interpreter')));
const WIDTH = 700;

/** Vega as its browser build, its interpreter with the imports taken from it, and what draws: one script, one hash. */
function script(): string {
  const vega = readFileSync(join(VEGA, 'vega.min.js'), 'utf8');
  const interpreter = readFileSync(join(INTERPRETER, 'vega-interpreter.js'), 'utf8')
    .replace(/^import \{([^}]*)\} from 'vega-util';$/m, 'const {$1} = vega;')
    .replace(/^export \{ expression as expressionInterpreter \};$/m, 'const expressionInterpreter = expression;')
    .replace(/^\/\/# sourceMappingURL.*$/m, '');
  const draw = readFileSync(join(import.meta.dirname, 'html/interactive-script.js'), 'utf8');
  return `${vega.replace(/^\/\/# sourceMappingURL.*$/m, '')}\n(() => {\n${interpreter}\n${draw}\n})();\n`;
}

const specsOf = (analysis: Analysis) =>
  drawAll(allCharts, analysis).charts.map(({ id, question, answer, description, spec }) => ({
    name: id,
    title: `${question} ${answer}`,
    description,
    spec: compile(spec(WIDTH)).spec,
  }));

/** JSON that can stand in a page: nothing in it ends the element that holds it. */
const inPage = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

function render(analysis: Analysis): string {
  const code = script();
  const specs = specsOf(analysis);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policyOf(STYLE, code)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Charts · ${analysis.run.run}</title>
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header>
          <p class="mark"><b>hopcost</b> · ${analysis.run.run}</p>
          <h1>Charts to explore</h1>
          <p>Point at a mark for its value. What these figures rest on stands in report.html of the same run.</p>
        </header>
        <main>
          ${specs.map(
            ({ name, title, description }) =>
              html`<figure id="${name}">
                <figcaption>${title}</figcaption>
                <div class="box drawn" data-chart="${name}" role="img" aria-label="${description}"></div>
              </figure>`,
          )}
        </main>
        ${trusted(`<script type="application/json" id="specs">${inPage(Object.fromEntries(specs.map(({ name, spec }) => [name, spec])))}</script><script>${code}</script>`)}
      </body>
    </html> `.text;
}

export const interactive: Exporter = { format: 'interactive', file: 'interactive.html', render };
