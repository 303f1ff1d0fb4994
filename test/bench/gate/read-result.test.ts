/** Results that somebody else wrote: a gate's own come through whole, and nothing that no gate writes does. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LONGEST_RESULT, readResult } from '#bench/gate/read-result.ts';
import type { GateResult } from '#bench/gate/result.ts';
import { comment } from '#reports/gate/comment.ts';
import { gateJson } from '#reports/gate/json.ts';
import { hugeResult, ODD, RESULTS } from '../../reports/gate/synthetic-result.ts';

const textOf = (result: GateResult): string => String(gateJson.render(result));
const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'hopcost-result-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What of a result is looked at when it is rendered as a comment. */
const shown = ({ metrics, ...rest }: GateResult) => ({
  ...rest,
  verdict: undefined,
  metrics: metrics.map((one) => ({ ...one, rounds: undefined })),
});

test('what a gate wrote is read as it was written', () => {
  for (const [name, result] of Object.entries(RESULTS)) {
    if (name === 'odd') continue;
    assert.deepEqual(shown(readResult(textOf(result))), shown(result), name);
  }
  assert.equal(readResult(textOf(hugeResult(2_000))).metrics.length, hugeResult(2_000).metrics.length);
});

test('an interval without an end, which JSON has no number for', () => {
  const text = textOf(RESULTS['regressed']!).replace(/"high": [\d.]+/, '"high": null');
  assert.ok(Number.isNaN(readResult(text).metrics[0]!.base!.high));
  assert.ok(comment.render(readResult(text)).length > 100);
});

test('a verdict is what its metrics say, whatever is written there', () => {
  const forged = { ...RESULTS['regressed']!, newErrors: [], verdict: 'All is well. [Click](https://x.example)' };
  const { verdict } = readResult(textOf(forged));
  assert.match(verdict, /^Head is more expensive: /);
  const titled = RESULTS['regressed']!.metrics.map((one) => ({ ...one, title: 'nothing at all' }));
  assert.doesNotMatch(
    JSON.stringify(readResult(textOf({ ...RESULTS['regressed']!, metrics: titled }))),
    /nothing at all/,
  );
});

test('a state that its metrics do not bear is refused', () => {
  for (const state of ['same', 'improved', 'inconclusive'] as const)
    assert.throws(() => readResult(textOf({ ...RESULTS['regressed']!, state })), /^ResultError: state: /);
  for (const state of ['regressed', 'improved', 'inconclusive'] as const)
    assert.throws(() => readResult(textOf({ ...RESULTS['same']!, state })), /^ResultError: state: /);
  assert.throws(() => readResult(textOf({ ...RESULTS['same']!, metrics: [] })), /^ResultError: state: /);
});

test('what is no result is refused, with its place', () => {
  const changed = (change: object): string => JSON.stringify({ ...JSON.parse(textOf(RESULTS['same']!)), ...change });
  for (const [text, expected] of [
    ['', /expected JSON/],
    ['[]', /the file/],
    ['{}', /^ResultError: gate/],
    [changed({ gate: 2 }), /^ResultError: gate/],
    [changed({ hopcost: '1.0.0 <b>' }), /^ResultError: hopcost/],
    [changed({ head: { label: 'x', commit: 'javascript:', dirty: false } }), /^ResultError: head\.commit/],
    [changed({ notes: ['x'.repeat(5_000)] }), /^ResultError: notes\.0/],
    [changed({ newErrors: Array.from({ length: 5_000 }, () => 'x') }), /^ResultError: newErrors/],
    [changed({ startedAt: 'yesterday' }), /^ResultError: startedAt/],
    [' '.repeat(LONGEST_RESULT + 1), /at most/],
  ] as const)
    assert.throws(() => readResult(text), expected);
});

test('the command renders what it is given as text, and refuses links and whatever is no result', () => {
  const odd = join(folder, 'odd.json');
  const metrics = RESULTS['regressed']!.metrics.map((one) => ({ ...one, subject: ODD.subject, reason: ODD.sentence }));
  writeFileSync(odd, textOf({ ...RESULTS['regressed']!, metrics }));
  const words = [join(root, 'scripts/gate-comment.ts')];
  const text = execFileSync(process.execPath, [...words, odd], { encoding: 'utf8' });
  assert.match(text, /^<!-- hopcost-gate -->\n### ✗ hopcost gate: regressed\n/);
  assert.doesNotMatch(text, /<script|\n::|\]\(http|@octocat/);
  const link = join(folder, 'link.json');
  symlinkSync('/etc/passwd', link);
  for (const file of [link, folder, join(folder, 'absent'), join(root, 'package.json')]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...words, file], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [2, ''], file);
    assert.match(stderr, /is no result of a gate: /);
  }
});
