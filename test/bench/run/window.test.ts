/** One trial through the real thing: what it is held against. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proveRules } from '#bench/conformance/preflight.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { preflightSubject } from '#bench/lab/preflight.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { definitionOf } from '#bench/run/spec.ts';
import { settle } from '#scripts/run/settings.ts';
import { driverFor, runTrial } from '#bench/run/window.ts';

const signal = AbortSignal.timeout(110_000);
const scenario = SCENARIOS.find(({ name }) => name === 'http-small')!;
const subject = { kind: 'proxy', name: 'l7-http' } as const;

test('HTTP/2 has its driver, whatever drives HTTP/1.1', () => {
  const traffic = (name: string) => SCENARIOS.find((one) => one.name === name)!.traffic;
  for (const chosen of ['http1', 'autocannon'] as const) {
    assert.equal(driverFor(traffic('h2-8x8'), chosen), 'http2');
    assert.equal(driverFor(traffic('http-small'), chosen), chosen);
    assert.equal(driverFor(traffic('idle-connections'), chosen), 'http1');
    assert.equal(driverFor(traffic('tcp-echo'), chosen), 'tcp');
  }
});

test('a trial counts only for the proxy that passed its checks', async () => {
  const shared = { placement: planPlacement(readCores()), certificate: createCertificate() };
  const settings = await settle(
    { preset: 'smoke', proxies: 'l7-http', scenarios: 'http-small', duration: '300ms' },
    {},
  );
  const definition = definitionOf(settings, 'l7-http')!;
  await using pool = createLoadPool({ workers: 1 });
  await pool.ready();
  const record = await preflightSubject({ ...shared, definition, scenarios: [scenario], prove: proveRules }, signal);
  assert.ok(record.proven, JSON.stringify(record.preflight.filter(({ passed }) => !passed)));
  const run = (proven: typeof record.proven) =>
    runTrial(
      { scenario, subject, generation: 0, position: 0 },
      { kind: 'closed', connections: 4 },
      { ...shared, settings, pool, subjects: [{ ...record, proven }] },
      signal,
    );
  const codes = (trial: Awaited<ReturnType<typeof run>>): string[] =>
    trial.state === 'invalid' ? trial.reasons.map(({ code }) => code) : [];

  const good = await run(record.proven);
  assert.ok(!codes(good).includes('unproven'), JSON.stringify(codes(good)));
  assert.ok(good.state !== 'failed' && good.load!.bodiesChecked! > 0, 'bodies were held against the origin’s');
  const changed = await run({ ...record.proven, configs: ['0123456789abcdef'] });
  assert.ok(codes(changed).includes('unproven'), changed.state);
});
