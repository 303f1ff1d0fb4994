/** The gate on a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderGateTerminal } from '#reports/gate/terminal.ts';
import { hugeResult, metricOf, gateResult, RESULTS } from './synthetic-result.ts';

const all = [...Object.values(RESULTS), hugeResult(50)];
const linesOf = (text: string): string[] => text.split('\n');

test('80 columns, and no control character unless colour is asked for', () => {
  for (const result of all) {
    const text = renderGateTerminal(result);
    for (const line of linesOf(text)) assert.ok(line.length <= 80, `${line.length}: ${line}`);
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
    const coloured = renderGateTerminal(result, { colour: true });
    assert.notEqual(coloured, text);
    assert.equal(coloured.replaceAll(/\p{Cc}\[\d+m/gu, ''), text);
  }
});

test('no line is a command to the runner of a CI', () => {
  for (const line of linesOf(renderGateTerminal(RESULTS['odd']!))) {
    assert.doesNotMatch(line, /^\s*::/);
    assert.ok(!line.includes('##['));
  }
});

test('the verdict is first, and figures end in the same column', () => {
  const lines = linesOf(renderGateTerminal(RESULTS['regressed']!));
  assert.equal(lines[1], ' ✗ REGRESSED');
  const rows = lines.filter((line) => /^ {3}[✗!?✓=] .*%/.test(line));
  assert.equal(rows.length, 5);
  const places = rows.map((row) => [...row.matchAll(/(?<=\S) {1,2}(?=[+−\d.]+\u00a0% \()/g)].map(({ index }) => index));
  assert.equal(new Set(places.map(String)).size, 1, 'change begins in one column');
});

test('figures that are as wide as they can be still fit', () => {
  const wide = metricOf({
    metric: 'contextSwitchesPerRequest',
    primary: false,
    state: 'regressed',
    level: 123_456_789,
    ratio: 130.4,
    rounds: 2,
  });
  for (const line of linesOf(renderGateTerminal(gateResult({ metrics: [wide] })))) assert.ok(line.length <= 80, line);
});

test('more reasons than fit are counted', () => {
  const text = renderGateTerminal(hugeResult(30));
  assert.match(text, /… and 22 more; gate\.md lists them/);
});

test('same within the noise is not called the same; the legend holds what is there, and fits', () => {
  const states = ['regressed', 'invalid', 'inconclusive', 'improved', 'same'] as const;
  const metrics = [
    ...states.map((state, i) => metricOf({ state, level: i + 1, primary: i > 0 })),
    metricOf({ level: 9, used: 0.2 }),
  ];
  const lines = linesOf(renderGateTerminal(gateResult({ metrics })));
  const plain = lines.map((line) => line.replaceAll('\u00a0', ' ').trimEnd());
  assert.ok(plain.includes(' ✗ regressed   ! invalid   ? inconclusive   ✓ improved   = same'));
  assert.ok(plain.includes(' ≈ same within this run’s noise   (advisory in brackets)'));
  assert.equal(plain.filter((line) => line.startsWith('   ≈ ')).length, 1);
});
