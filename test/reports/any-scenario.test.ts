/** A scenario that nobody named before shows its own figures everywhere, alone and beside those that hopcost knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { significant } from '#bench/analysis/words/quantity.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { page } from '#reports/html/page.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { textOf } from './rendered.ts';
import { syntheticRun, TRUTHS } from './synthetic-run.ts';

const of = (name: string): Scenario => SCENARIOS.find((scenario) => scenario.name === name)!;
const subjects = TRUTHS.slice(0, 4);
const COOKIES: Scenario = {
  name: 'forty-cookies',
  axis: 'head',
  summary: 'as a browser that has been everywhere',
  traffic: of('http-small').traffic,
  loop: { kind: 'closed', connections: 8 },
  origin: 'http-fixed',
  errorLimit: 0,
};

const RUNS: readonly (readonly [what: string, scenario: string, options: Parameters<typeof syntheticRun>[0]])[] = [
  ['alone', 'forty-cookies', { scenarios: [], own: [COOKIES] }],
  ['beside others', 'forty-cookies', { scenarios: ['http-small', 'tls-keepalive', 'http-paced-50'], own: [COOKIES] }],
  ['known, without a role, alone', 'tcp-echo', { scenarios: ['tcp-echo'] }],
  ['known, not the one that others vary', 'http-new-connection', { scenarios: ['http-new-connection'] }],
  ['over HTTP/2 alone, and at a rate', 'h2-8x8', { scenarios: ['h2-8x8', 'h2-8x8-paced-50'] }],
  ['over TLS alone', 'tls-resumed', { scenarios: ['tls-resumed'] }],
];

for (const [what, scenario, options] of RUNS)
  test(`${scenario}, ${what}`, async () => {
    const records = syntheticRun({ rounds: 6, subjects, mishaps: false, micro: false, ...options });
    const analysis = analyse(records);
    const measured = analysis.scenarios.find((one) => one.scenario.name === scenario)!.subjects;
    const figures = measured.flatMap(
      ({ metrics: { cpuPerRequest } }) => (cpuPerRequest ? [significant(cpuPerRequest.value)] : []), // a column says its unit once
    );
    assert.ok(figures.length > 0);
    const outputs = {
      terminal: renderTerminal(analysis),
      markdown: await textOf(reportMarkdown, records),
      html: await page(analysis, records),
    };
    for (const [format, text] of Object.entries(outputs))
      for (const figure of figures)
        assert.ok(text.replaceAll(/\s+/g, '\u00a0').includes(figure), `${figure} in ${format}`);
    for (const [format, text] of Object.entries(outputs))
      assert.ok(text.includes(scenario), `${scenario} in ${format}`);
  });
