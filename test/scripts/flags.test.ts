import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseEndpoint, parseInteger, parseList } from '#scripts/flags.ts';

const usage = (message: RegExp) => ({ name: 'UsageError', message });

test('durations', () => {
  for (const [text, ms] of [
    ['1500ms', 1_500],
    ['2s', 2_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['3', 3_000],
  ] as const)
    assert.equal(parseDuration('--duration', text, 200, 600_000), ms, text);
  for (const text of ['', '0', '-1s', '1h', '1e9', 'NaN', '100ms', '11m', '2 s s'])
    assert.throws(
      () => parseDuration('--duration', text, 200, 600_000),
      usage(/--duration .*expected a duration from 200 ms to 600 s/),
      text,
    );
});

test('integers', () => {
  assert.equal(parseInteger('--rounds', '12', 1, 100), 12);
  for (const text of ['0', '101', '1.5', 'x', ''])
    assert.throws(() => parseInteger('--rounds', text, 1, 100), usage(/whole number from 1 to 100/), text);
});

test('endpoints', () => {
  assert.deepEqual(parseEndpoint('--listen', '127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
  assert.deepEqual(parseEndpoint('--listen', '[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseEndpoint('--listen', 'localhost:65535'), { host: 'localhost', port: 65_535 });
  for (const text of ['', 'x', ':80', 'x:', 'x:65536', '::1:80', 'http://x:80', 'x:8o', 'a b:80'])
    assert.throws(() => parseEndpoint('--listen', text), usage(/expected HOST:PORT/), text);
});

test('lists drop blanks', () => assert.deepEqual(parseList(' a, b,,c '), ['a', 'b', 'c']));
