import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundOf, isBelowKnee } from '#bench/analysis/verdict/bound.ts';
import type { Placement, Bound } from '#bench/model/record.ts';
import { APART, load, ONE_CORE, open, PINNED, probes, reading, UNPINNED } from './evidence.ts';

type Shares = Parameters<typeof probes>[0];

/** CPU share of its cores by party → what was the limit. */
const ROWS: readonly { what: string; placement: Placement; shares: Shares; bound: Bound }[] = [
  {
    what: 'proxy alone on its core, full',
    placement: PINNED,
    shares: { proxy: 0.97, origin: 0.3, generator: 0.3 },
    bound: 'proxy',
  },
  {
    what: 'both cores full: the proxy is',
    placement: PINNED,
    shares: { proxy: 0.97, origin: 0.45, generator: 0.5 },
    bound: 'proxy',
  },
  {
    what: 'load and origin fill their core, the proxy does not',
    placement: PINNED,
    shares: { proxy: 0.92, origin: 0.43, generator: 0.5 },
    bound: 'host',
  },
  {
    what: 'proxy nearly full, the other core is not',
    placement: PINNED,
    shares: { proxy: 0.92, origin: 0.3, generator: 0.4 },
    bound: 'proxy',
  },
  { what: 'nothing full', placement: PINNED, shares: { proxy: 0.6, origin: 0.3, generator: 0.4 }, bound: 'none' },
  { what: 'direct on a shared core', placement: PINNED, shares: { origin: 0.45, generator: 0.5 }, bound: 'host' },
  {
    what: 'direct, origin with a core of its own',
    placement: APART,
    shares: { origin: 0.96, generator: 0.5 },
    bound: 'origin',
  },
  {
    what: 'generator starved',
    placement: APART,
    shares: { proxy: 0.5, origin: 0.4, generator: 0.98 },
    bound: 'generator',
  },
  {
    what: 'one core for all',
    placement: ONE_CORE,
    shares: { proxy: 0.4, origin: 0.2, generator: 0.35 },
    bound: 'host',
  },
];

for (const { what, placement, shares, bound } of ROWS)
  test(`${what}: ${bound}`, () => assert.equal(boundOf(load(), probes(shares), placement), bound));

test('one thread on many cores: its event loop tells, where no other party is on them', () => {
  const readings = { ...probes({ origin: 0.2, generator: 0.2 }), proxy: reading(0.13, { eventLoop: 0.99 }) };
  assert.equal(boundOf(load(), readings, UNPINNED), 'proxy');
  assert.equal(boundOf(load(), { ...readings, proxy: reading(0.13, { eventLoop: 0.6 }) }, UNPINNED), 'none');
});

test('a loop that looks busy while it waits for its shared core does not count', () => {
  const readings = { ...probes({ proxy: 0.3, generator: 0.3, origin: 0 }), origin: reading(0.3, { eventLoop: 1 }) };
  assert.equal(boundOf(load(), readings, PINNED), 'none');
});

test('an open loop that carried what was offered saturated nothing, even if a pacer spins', () => {
  const readings = probes({ proxy: 0.5, origin: 0.2, generator: 1 });
  assert.equal(boundOf(open(), readings, APART), 'none');
  assert.equal(boundOf(open({ requests: 15_000 }), readings, APART), 'generator');
});

test('a loop that others keep from its core does not count, and cores that others fill are the host’s', () => {
  const readings = probes({ origin: 0.1, generator: 0.1 });
  const starved = {
    ...readings,
    proxy: reading(0.13, { eventLoop: 0.99 }),
    host: { ...readings.host, foreign: 0.8, busy: 0.97 },
  };
  assert.equal(boundOf(load(), starved, PINNED), 'host');
  assert.equal(boundOf(load(), starved, UNPINNED), 'host');
  assert.equal(boundOf(load(), { ...starved, host: { ...starved.host, busy: 0.5 } }, PINNED), 'none');
});

test('below the knee: nothing above four fifths, nobody else about', () => {
  assert.equal(isBelowKnee(probes({ proxy: 0.8, origin: 0.3, generator: 0.5 })), true);
  assert.equal(isBelowKnee(probes({ proxy: 0.81, origin: 0.1, generator: 0.1 })), false);
  assert.equal(isBelowKnee(probes({ origin: 0.4, generator: 0.45 })), false);
  const quiet = probes({ origin: 0.1, generator: 0.1 });
  assert.equal(isBelowKnee({ ...quiet, host: { ...quiet.host, foreign: 0.2 } }), false);
});

test('a party that was always ready to run, on a core that others had, makes the host the limit', () => {
  const { generator: _, ...rest } = probes({ proxy: 0.5, origin: 0.2, generator: 0 });
  const spoiled = (generator: Parameters<typeof reading>, foreign: number) => ({
    ...rest,
    generator: reading(...generator),
    host: { ...rest.host, foreign },
  });
  assert.equal(boundOf(load(), spoiled([0.3, { demand: 0.98 }], 0.3), APART), 'host');
  assert.equal(boundOf(load(), spoiled([0.3, { demand: 0.6 }], 0.3), APART), 'none', 'it had what it asked for');
  assert.equal(boundOf(load(), spoiled([0.3, { demand: 0.98 }], 0.02), APART), 'none', 'it waited for ours');
  assert.equal(
    boundOf(load(), spoiled([0.97, { demand: 1 }], 0.3), APART),
    'generator',
    'it had the core all the same',
  );
});
