import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { instructionsAvailability, instructionsProbe, parsePerfStat } from '#bench/probes/instructions.ts';

test('lines of `perf stat -x,`', () => {
  const text = `# started on Sat Nov 21 02:50:02 2026

123456,,instructions:u,1000000,100.00,,
<not supported>,,instructions:k,0,100.00,,
<not counted>,,cycles,0,0.00,,
12.5,msec,task-clock,12500000,100.00,0.1,CPUs utilized
`;
  const counts = parsePerfStat(text);
  assert.equal(counts.get('instructions:u'), 123_456);
  assert.equal(counts.get('task-clock'), 12.5);
  assert.ok(counts.has('cycles') && counts.get('cycles') === undefined);
  assert.equal(counts.get('instructions:k'), undefined);
  assert.equal(parsePerfStat('').size, 0);
});

// Software events count anywhere that perf runs: they prove the switching where there is no hardware counter.
const software = { user: 'task-clock', kernel: 'context-switches' };
const perfWorks = spawnSync('perf', ['stat', '-x,', '-e', 'task-clock', 'true'], { stdio: 'ignore' }).status === 0;
const withPerf = { skip: !perfWorks && 'perf does not run here' };

const burn = (milliseconds: number) => {
  const from = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(from);
    if (user + system >= milliseconds * 1e3) return (user + system) / 1e3;
  }
};

test('counts between begin and finish alone, and tells the requests of just that interval', withPerf, async () => {
  let completed = 7;
  const switched = Promise.withResolvers<void>();
  const read = () => (switched.resolve(), completed); // asked when perf has acknowledged
  await using counting = await instructionsProbe(read, software).attach([process.pid], AbortSignal.timeout(20_000));
  burn(300); // before begin: must not count
  counting.begin();
  await switched.promise;
  const burnt = burn(100);
  completed += 5;
  const { user, requests } = await counting.finish();
  assert.ok(user > burnt * 0.5 && user < burnt + 200, `${user} ms counted, ${burnt} ms burnt`);
  assert.equal(requests, 5);
});

test('what cannot be counted is a reason, not a crash', async () => {
  const bogus = await instructionsAvailability({ user: 'no-such-event', kernel: 'no-such-event' });
  assert.equal(bogus.state, 'unavailable');
  const real = await instructionsAvailability();
  if (real.state === 'unavailable') assert.match(real.reason, /perf|hardware counters/);
  assert.equal(await instructionsAvailability(), real, 'tested once');
});

test('an unused or aborted probe leaves no perf behind', withPerf, async () => {
  const attached = await instructionsProbe(() => 0, software).attach([process.pid], AbortSignal.timeout(20_000));
  await attached[Symbol.asyncDispose]();
  await attached[Symbol.asyncDispose]();
  await assert.rejects(instructionsProbe(() => 0).attach([process.pid], AbortSignal.abort(new Error('stop'))), /stop/);
});
