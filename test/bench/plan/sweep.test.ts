import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scenario } from '#bench/model/scenario.ts';
import { millis } from '#bench/model/units.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { atRate, canBePaced, LONGEST_WINDOW, roomyWindow, SWEEP, withSweep } from '#bench/plan/sweep.ts';

const named = (name: string): Scenario => SCENARIOS.find((scenario) => scenario.name === name)!;

test('keep-alive HTTP, in the clear or over TLS, and TCP echo can be paced; nothing else', () => {
  assert.deepEqual(
    SCENARIOS.filter(canBePaced).map(({ name }) => name),
    [
      'http-small',
      'http-large-head',
      'http-download-1m',
      'http-upload-64k',
      'tls-keepalive',
      'tcp-echo',
      'http-single',
      'h2-8x8',
      'h2-1x32',
      'h2-32x1',
      'h2-to-h1-8x8',
      'h2-tls-8x8',
      'h2-tls-to-h1-8x8',
      'grpc-unary',
      'grpc-stream',
    ],
  );
});

test('a point is a scenario like any other: the same traffic, origin and connections, at its own rate', () => {
  const swept = withSweep([named('http-small'), named('tcp-echo')], SWEEP);
  assert.deepEqual(swept.map(({ name }) => name).slice(0, 10), [
    'http-small',
    'tcp-echo',
    ...[10, 20, 35, 50, 65, 80, 90].map((at) => `http-paced-${at}`),
    'tcp-echo-paced-10',
  ]);
  for (const scenario of swept) Scenario.parse(scenario);
  const point = swept.find(({ name }) => name === 'tcp-echo-paced-35')!;
  assert.deepEqual(point.loop, { kind: 'paced', connections: 64, fraction: 0.35, of: 'tcp-echo', arrivals: 'poisson' });
  assert.deepEqual([point.traffic, point.origin], [named('tcp-echo').traffic, 'tcp-echo']);
  const rates = withSweep([named('tls-keepalive')], [{ kind: 'rate', at: 2_000 }]);
  assert.deepEqual(rates[1]!.loop, { kind: 'open', connections: 64, offered: 2_000, arrivals: 'poisson' });
  assert.equal(rates[1]!.name, 'tls-at-2000');
});

test('points that are scenarios of their own are those, and stand once', () => {
  const swept = withSweep([named('http-small'), named('http-paced-50')], SWEEP);
  assert.equal(new Set(swept.map(({ name }) => name)).size, swept.length);
  const points = withSweep([named('http-small')], SWEEP);
  for (const name of ['http-paced-50', 'http-paced-80'])
    assert.deepEqual(
      points.find((point) => point.name === name),
      named(name),
    );
});

test('a sweep over a part of the scenarios', () => {
  const swept = withSweep([named('http-small'), named('tcp-echo')], SWEEP, [named('http-small')]);
  assert.ok(!swept.some(({ name }) => name.startsWith('tcp-echo-')));
});

test('at one rate errors are judged by the objective, not by the scenario', () => {
  const { scenario, loop } = atRate(named('http-small'), 1_234);
  assert.deepEqual([scenario.loop, scenario.errorLimit, scenario.name], [loop, 1, 'http-small']);
});

test('a window is longer where the rate is too low for its samples, and never endless', () => {
  assert.equal(roomyWindow(10_000, 1_300, millis(1_000)), 1_000);
  assert.equal(roomyWindow(500, 1_300, millis(1_000)), 2_600);
  assert.equal(roomyWindow(1, 1_300, millis(1_000)), LONGEST_WINDOW);
  assert.equal(roomyWindow(1, 1_300, millis(20_000)), 20_000);
});
