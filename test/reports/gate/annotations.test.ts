/** Workflow commands, read back as the runner reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { annotations } from '#reports/gate/annotations.ts';
import type { GateResult } from '#bench/gate/result.ts';
import { gateResult, hugeResult, metricOf, ODD, RESULTS } from './synthetic-result.ts';

interface Read {
  readonly level: string;
  readonly title: string;
  readonly message: string;
}

const unescape = (text: string): string =>
  text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');

/** actions/runner, `ActionCommand.TryParseV2`: command, properties between commas, then the message. */
function read(text: string): Read[] {
  assert.ok(text.endsWith('\n'));
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const [, level, title, message] = /^::(error|warning|notice) title=([^:,\r\n]*)::([^\r\n]*)$/.exec(line) ?? [];
      assert.ok(level !== undefined, line);
      return { level, title: unescape(title!), message: unescape(message!) };
    });
}
const levels = (result: GateResult): string[] => read(annotations.render(result)).map(({ level }) => level);

test('every state gives at least one, as grave as it is', () => {
  const first = Object.fromEntries(Object.entries(RESULTS).map(([state, result]) => [state, levels(result)[0]]));
  assert.deepEqual(first, {
    same: 'notice',
    regressed: 'error',
    improved: 'notice',
    inconclusive: 'warning',
    invalid: 'warning',
    budgets: 'warning',
    baseline: 'notice',
    odd: 'error',
  });
});

test('most important first: new errors, regressions and exceeded budgets, then what is open, then news', () => {
  const told = read(annotations.render(RESULTS['regressed']!));
  assert.deepEqual(
    told.map(({ level }) => level),
    ['error', 'error', 'error', 'error', 'warning', 'warning', 'notice', 'notice', 'notice'],
  );
  assert.equal(told[0]!.title, 'new errors in head');
  assert.match(told[1]!.title, /^regressed: /);
  assert.match(told[6]!.title, /^regressed \(advisory\): context switches per request of l7-http in http-small$/);
});

test('ten at most, and the tenth says how many are left out', () => {
  for (const count of [9, 10, 11, 200]) {
    const metrics = Array.from({ length: count }, (_, i) => metricOf({ state: 'regressed', level: i + 1 }));
    const told = read(annotations.render(gateResult({ state: 'regressed', metrics })));
    assert.equal(told.length, Math.min(10, count));
    if (count > 10) assert.match(told[9]!.message, new RegExp(`^${count - 9} more are left out`));
    else assert.doesNotMatch(told.at(-1)!.message, /left out/);
  }
  assert.equal(read(annotations.render(hugeResult(50))).length, 10);
});

test('names and sentences come back as they were, but for control characters', () => {
  const told = read(annotations.render(RESULTS['odd']!));
  assert.ok(told.some(({ title }) => title.includes(ODD.subject)));
  const message = ODD.sentence.toWellFormed().replaceAll('\u0000', '?').replaceAll('\u001b', '?');
  assert.equal(told[0]!.message, message);
});

test('whatever a name or a sentence holds, it is one line and one command', () => {
  const text = fc.string({ unit: fc.constantFrom('%', '\r', '\n', ':', ',', '0', 'A', 'D', '25', '::error::', 'é') });
  fc.assert(
    fc.property(text, text, (name, sentence) => {
      const metrics = [metricOf({ state: 'regressed', subject: name, scenario: name, reason: sentence, rounds: 2 })];
      const [told, ...more] = read(annotations.render(gateResult({ state: 'regressed', metrics })));
      assert.deepEqual(more, []);
      assert.equal(told!.title, `regressed: CPU per request of ${name} in ${name}`);
      assert.equal(told!.message, sentence);
    }),
    { seed: 1, numRuns: 300 },
  );
});
