/** Step summary and comment: names stay text, limits hold, and what was cut is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assemble, type Block } from '#reports/markdown/within.ts';
import { comment, COMMENT_LIMIT, COMMENT_MARKER } from '#reports/gate/comment.ts';
import { stepSummary, SUMMARY_LIMIT } from '#reports/gate/step-summary.ts';
import { gateResult, hugeResult, metricOf, RESULTS } from './synthetic-result.ts';

const both = [stepSummary, comment];
const tableRows = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('|'));

test('names and sentences stay text: no markup, no mention, no reference, no link, and tables keep their columns', () => {
  for (const output of both) {
    const text = output.render(RESULTS['odd']!);
    assert.ok(!text.includes('<script') && !text.includes('</script'));
    assert.doesNotMatch(text, /@octocat|[^&]#1\b|http:\/\//);
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
    assert.ok(text.isWellFormed());
    const columns = tableRows(text).map((row) => row.replaceAll('\\|', '').split('|').length);
    assert.ok(columns.length > 6);
    for (const count of columns) assert.ok([4, 5, 10].includes(count), String(count));
  }
});

test('the verdict is first, what decides is above what does not, worst first', () => {
  const text = stepSummary.render(RESULTS['regressed']!);
  assert.match(text, /^## ✗ hopcost gate: regressed\n\n\*\*Head is more expensive/);
  const states = tableRows(text).flatMap(
    (row) => /^\| .\u00a0(\w+)( \(advisory\))? \| http/.exec(row)?.slice(1, 3).join('') ?? [],
  );
  assert.deepEqual(states, ['regressed', 'regressed', 'inconclusive', 'same', 'regressed (advisory)']);
});

test('an exceeded budget and a new error stand in the first line, whatever the metrics say', () => {
  const { budgets, newErrors } = RESULTS['regressed']!;
  assert.match(stepSummary.render(gateResult({ newErrors })), /^## ✗ hopcost gate: regressed\n/);
  assert.match(stepSummary.render(gateResult({ budgets })), /^## ✗ hopcost gate: over budget\n/);
  const unknown = budgets.filter(({ state }) => state === 'unknown');
  assert.match(stepSummary.render(gateResult({ budgets: unknown })), /^## \? hopcost gate: inconclusive\n/);
});

test('the comment begins with its marker, and no name can write another', () => {
  for (const result of Object.values(RESULTS)) {
    const text = comment.render(result);
    assert.ok(text.startsWith(`${COMMENT_MARKER}\n`));
    assert.equal(text.split(COMMENT_MARKER).length, 2);
  }
});

test('far too much is cut below the limit, says so, and still begins and ends whole', () => {
  const huge = hugeResult();
  for (const [output, limit] of [
    [stepSummary, SUMMARY_LIMIT],
    [comment, COMMENT_LIMIT],
  ] as const) {
    const text = output.render(huge);
    const size = Buffer.byteLength(text);
    assert.ok(size <= limit && size > limit * 0.9, `${size} of ${limit}`);
    assert.match(text, /cut( at 1 MiB)?: \d+ lines are left out here; gate\.json/);
    assert.equal(text.split('<details>').length, text.split('</details>').length);
    assert.match(text, /hopcost gate: regressed/);
  }
});

test('what fits is not cut', () => {
  for (const output of both)
    for (const result of Object.values(RESULTS)) assert.doesNotMatch(output.render(result), /left out here/);
});

test('the comment folds away what is the same', () => {
  const text = comment.render(gateResult({ metrics: [metricOf(), metricOf({ subject: 'l4-tcp' })] }));
  assert.match(text, /<details><summary>2 metrics are the same<\/summary>\n\n\| state/);
  assert.match(text, /\n\n<\/details>\n/);
});

const block = fc.record(
  {
    open: fc.string({ maxLength: 40 }),
    items: fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 12 }),
    close: fc.string({ maxLength: 10 }),
    priority: fc.nat(3),
  },
  { requiredKeys: ['open', 'priority'] },
) as fc.Arbitrary<Block>;

test('whatever the blocks are, the text is within its limit, and every line is in it or counted', () => {
  const note = (lines: number): string => `NOTE ${lines}`;
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), fc.integer({ min: 40, max: 600 }), (blocks, limit) => {
      const text = assemble(blocks, limit, note);
      assert.ok(Buffer.byteLength(text) <= limit);
      const whole = assemble(blocks, 1e9, note);
      const said = /\n\nNOTE (\d+)\n$|^NOTE (\d+)\n$/.exec(text);
      if (said === null) assert.equal(text, whole);
      else assert.ok(Number(said[1] ?? said[2]) > 0);
    }),
    { seed: 1, numRuns: 500 },
  );
});
