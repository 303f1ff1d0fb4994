/** One window each of ours and of autocannon, which is always there, through the real thing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { autocannon } from '#bench/load/other-tools/autocannon.ts';
import type { OutsideTool } from '#bench/load/other-tools/tool.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import { SecondOpinionRecord } from '#bench/model/record.ts';
import { askOthers, TARGETS } from '#bench/run/second-opinion.ts';

const shared = { placement: planPlacement(readCores()), certificate: createCertificate(), seed: 1, hopcost: '0.0.0' };

test('each is asked, what is missing and what fails is said', async () => {
  await using pool = createLoadPool({ workers: shared.placement.loadWorkers });
  const absent: OutsideTool = { ...autocannon, name: 'wrk', version: { command: ['/no/such/tool'], pattern: /(x)/ } };
  const failing: OutsideTool = { ...autocannon, name: 'h2load', command: () => [process.execPath, '-e', '0'] };
  const plan = { rounds: 1, targets: TARGETS.slice(0, 1), tools: [autocannon, absent, failing] };
  const record = await askOthers({ ...shared, pool }, AbortSignal.timeout(100_000), plan);
  assert.deepEqual(SecondOpinionRecord.parse(record), record);
  assert.deepEqual(record.missing, [{ tool: 'wrk', install: autocannon.install }]);
  const windows = new Map(record.targets[0]!.tools.map(({ tool, windows: [window] }) => [tool, window!]));
  assert.deepEqual([...windows.keys()], ['http1', 'autocannon', 'h2load']);
  for (const tool of ['http1', 'autocannon']) {
    const { rate, failed } = windows.get(tool)!;
    // 10 connections, held for 5 ms each: never more than this, however slow the host.
    assert.ok(rate! > 0 && rate! <= 2_000 * 1.02, `${tool}: ${rate}`);
    assert.equal(failed, 0);
  }
  assert.equal(windows.get('h2load')!.rate, null);
  assert.match(windows.get('h2load')!.error!, /h2load gave no result/);
});

test('an interrupt ends it', async () => {
  await using pool = createLoadPool({ workers: shared.placement.loadWorkers });
  await pool.ready();
  const abort = new AbortController();
  const asking = askOthers({ ...shared, pool }, abort.signal);
  setImmediate(() => abort.abort(new Error('interrupted')));
  await assert.rejects(asking, /interrupted|aborted/);
});
