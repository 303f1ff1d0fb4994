/** The conformance suite over every registered proxy that can run here: references whole, peers with the deviations that are known. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMaterials, runConformance, type Verdict } from '#bench/conformance/run.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { never } from './sockets.ts';

const materials = createMaterials();
const isOurs = ({ family }: ProxyDefinition): boolean => family === 'hopcost';

const told = ({ rule, name, state, sent, expected, got, reason }: Verdict): string =>
  state === 'failed'
    ? `${rule} [${name}]: sent ${sent}: expected ${expected}, got ${got}`
    : `${rule} [${name}]: ${state}: ${reason}`;

for (const definition of proxies.values())
  describe(definition.name, async () => {
    const availability = await definition.availability();
    const skip = availability.state === 'missing' ? availability.reason : false;

    test('keeps the rules that reach it', { skip }, async () => {
      // A peer runs as it is measured, with the subset that runs before each measurement.
      const peer = { quick: true, launch: { kind: 'child', cores: null } } as const;
      const verdicts = await runConformance(definition, { materials, ...(!isOurs(definition) && peer) }, never);
      const bad = verdicts.filter(({ state }) => state === 'failed' || state === 'healed');
      assert.deepEqual(bad.map(told), []);
      assert.ok(verdicts.some(({ state }) => state === 'passed'));
      // A reference takes every intent that its capabilities promise.
      const refused = verdicts.filter(
        ({ state, reason = '' }) => state === 'skipped' && !reason.startsWith('it has no '),
      );
      if (isOurs(definition)) assert.deepEqual(refused.map(told), []);
    });
  });

test('the quick subset runs over the process that is measured', async () => {
  for (const name of ['l7-http', 'l4-tcp']) {
    const definition = proxies.get(name)!;
    const verdicts = await runConformance(
      definition,
      { materials, quick: true, launch: { kind: 'child', cores: null } },
      never,
    );
    assert.deepEqual(verdicts.filter(({ state }) => state === 'failed').map(told), []);
    assert.ok(verdicts.some(({ state }) => state === 'passed'));
  }
});
