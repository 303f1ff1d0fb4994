/** Outputs as printed by wrk 4.1.0, h2load 1.52.0 and autocannon 9.0.0; the tools themselves where they are installed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { definition } from '#backends/http-fixed.ts';
import { identify, isRunning } from '#proxies/platform/processes.ts';
import { autocannon } from '#bench/load/other-tools/autocannon.ts';
import { h2load } from '#bench/load/other-tools/h2load.ts';
import { outsideTools, runTool, versionOf } from '#bench/load/other-tools/run.ts';
import type { OutsideTool } from '#bench/load/other-tools/tool.ts';
import { wrk } from '#bench/load/other-tools/wrk.ts';

const WRK = `Running 1s test @ http://127.0.0.1:9871/
  1 threads and 10 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    13.13ms   31.21ms 163.11ms   89.38%
    Req/Sec     6.98k     4.75k   15.42k    66.67%
  6950 requests in 1.07s, 861.96KB read
Requests/sec:   6476.26
Transfer/sec:    803.21KB
`;
const H2LOAD = `Main benchmark duration is over for thread #0. Stopping all clients.
finished in 1.00s, 2740.00 req/s, 339.82KB/s
requests: 2740 total, 2750 started, 2740 done, 2740 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 2740 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 339.82KB (347980) total, 232.79KB (238380) headers (space savings 0.00%), 13.38KB (13700) data
`;
const AUTOCANNON = JSON.stringify({
  connections: 10,
  duration: 1.09,
  errors: 1,
  timeouts: 2,
  non2xx: 4,
  requests: { average: 7_758, total: 7_758, sent: 7_768 },
});

test('wrk: its rate has more digits than its time', () => {
  const { requests, seconds, failed } = wrk.parse(WRK)!;
  assert.deepEqual([requests, failed], [6_950, 0]);
  assert.ok(Math.abs(requests / seconds - 6_476.26) < 1e-6);
  const spoiled = WRK.replace(
    'Requests/sec',
    '  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 50\nRequests/sec',
  );
  const of = wrk.parse(spoiled)!;
  assert.deepEqual([of.requests, of.failed], [6_900, 56]);
});

test('h2load: what succeeded, over its main duration', () => {
  assert.deepEqual(h2load.parse(H2LOAD), { requests: 2_740, seconds: 1, failed: 0 });
  const spoiled = H2LOAD.replace('2740 succeeded, 0 failed, 0 errored', '2700 succeeded, 40 failed, 40 errored');
  assert.deepEqual(h2load.parse(spoiled), { requests: 2_700, seconds: 1, failed: 40 });
});

test('autocannon: its totals, not its averages of whole seconds', () => {
  assert.deepEqual(autocannon.parse(AUTOCANNON), { requests: 7_754, seconds: 1.09, failed: 7 });
});

test('output that is not understood is no figure', () => {
  for (const tool of outsideTools)
    for (const text of [
      '',
      'unable to connect to 127.0.0.1:9872 Connection refused\n',
      '{}',
      '{"requests":{}}',
      'null',
    ])
      assert.equal(tool.parse(text), undefined, text);
});

const never = new AbortController().signal;

describe('the tools themselves', { concurrency: true }, () => {
  for (const tool of outsideTools)
    test(`${tool.name} counts what the origin counts, and is gone`, async (t) => {
      if ((await versionOf(tool, never)) === undefined) return t.skip(`not installed: ${tool.install}`);
      await using origin = await definition.start({ host: '127.0.0.1', port: 0 }, {}, never);
      const job = { ...origin.address, path: '/bytes/200', connections: 4, seconds: 1, threads: 1 };
      const { pid, result } = runTool(tool, job, null, never);
      const process = identify(pid);
      const { requests, seconds, failed } = await result;
      assert.ok(requests > 0 && seconds > 0.5, `${requests} in ${seconds} s`);
      assert.equal(failed, 0);
      // What was under way at the end is counted by one of them alone.
      const seen = origin.counters().requests;
      assert.ok(requests <= seen && seen - requests <= job.connections, `${requests} of ${seen}`);
      assert.ok(!isRunning(process));
    });

  test('an interrupt ends a tool', async () => {
    await using origin = await definition.start({ host: '127.0.0.1', port: 0 }, {}, never);
    const abort = new AbortController();
    const job = { ...origin.address, path: '/', connections: 1, seconds: 60, threads: 1 };
    const { pid, result } = runTool(autocannon, job, null, abort.signal);
    const process = identify(pid);
    abort.abort(new Error('interrupted'));
    await assert.rejects(result, /interrupted/);
    assert.ok(!isRunning(process));
  });

  test('a tool that is missing has no version; one that fails says what it printed', async () => {
    const absent: OutsideTool = {
      ...wrk,
      version: { command: ['/no/such/tool', '-v'], pattern: /(x)/ },
      command: () => ['/no/such/tool'],
    };
    assert.equal(await versionOf(absent, never), undefined);
    const job = { host: '127.0.0.1', port: 9, path: '/', connections: 1, seconds: 1, threads: 1 };
    await assert.rejects(runTool(absent, job, null, never).result, { code: 'ENOENT' });
    const failing: OutsideTool = { ...wrk, command: () => [process.execPath, '-e', 'console.log("no such host")'] };
    await assert.rejects(runTool(failing, job, null, never).result, /wrk gave no result .*'no such host'/);
  });
});
