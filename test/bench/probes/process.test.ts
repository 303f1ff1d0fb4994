import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { processProbe, processReading } from '#bench/probes/process.ts';
import { parsePs, ProcessGone, snapshotGaps, type Snapshot } from '#bench/probes/snapshot.ts';

const never = new AbortController().signal;
const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };

async function startBurner(t: TestContext): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'burner.ts'));
  const exited = once(child, 'exit');
  t.after(() => {
    child.kill('SIGKILL');
    return exited;
  });
  await once(child, 'message');
  return child;
}

async function burn(child: ChildProcess, job: { burn: number; thread?: boolean; process?: boolean }) {
  child.send(job);
  const [{ used }] = (await once(child, 'message')) as [{ used: NodeJS.CpuUsage }];
  return used.user + used.system;
}

for (const job of [{ burn: 120 }, { burn: 120, thread: true }])
  test(`reads the CPU time that a process itself says it used (${JSON.stringify(job)})`, onLinux, async (t) => {
    const child = await startBurner(t);
    let completed = 100;
    const probe = processProbe({ completed: () => completed, descendants: true, cores: 1 });
    await using attached = await probe.attach([child.pid!], never);
    attached.begin();
    const own = await burn(child, job);
    completed += 42;
    const reading = await attached.finish();
    // A running thread's time is booked at ticks, an ended thread's above the rounding of its ticks: both loosely.
    assert.ok(reading.cpu > own * 0.6 && reading.cpu < own * 1.4 + 40_000, `${reading.cpu} µs read, ${own} µs used`);
    assert.equal(reading.requests, 42);
    assert.ok(Math.abs(reading.cpuUser + reading.cpuSystem - reading.cpu) < 1);
    assert.ok(reading.cpuUser > reading.cpuSystem);
    assert.ok(reading.rss.start > 5e6 && reading.rss.peak >= Math.max(reading.rss.start, reading.rss.end));
    assert.ok(reading.contextSwitches.voluntary + reading.contextSwitches.involuntary >= 0);
    assert.equal(reading.cpuShare.toFixed(6), (reading.cpu / 1000 / reading.interval).toFixed(6));
    assert.deepEqual(reading.pids, [child.pid]);
  });

test(
  'a child process that began and ended within the window counts, unless descendants are left out',
  onLinux,
  async (t) => {
    const child = await startBurner(t);
    const [all, alone] = [true, false].map((descendants) =>
      processProbe({ completed: () => 0, descendants, cores: 1 }),
    );
    await using withChildren = await all!.attach([child.pid!], never);
    await using withoutChildren = await alone!.attach([child.pid!], never);
    withChildren.begin();
    withoutChildren.begin();
    await burn(child, { burn: 200, process: true });
    const [whole, part] = [await withChildren.finish(), await withoutChildren.finish()];
    assert.ok(whole.cpu - part.cpu > 150_000, `${whole.cpu} µs with, ${part.cpu} µs without the child`);
  },
);

test('a process that ended cannot be read, and the error says so', async (t) => {
  const child = await startBurner(t);
  const probe = processProbe({ completed: () => 0, descendants: true });
  await using attached = await probe.attach([child.pid!], never);
  attached.begin();
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await assert.rejects(attached.finish(), ProcessGone);
});

const snapshot = (more: Partial<Snapshot>): Snapshot => ({
  at: 0,
  completed: 0,
  processes: 1,
  tasks: new Map(),
  coarse: { user: 0, system: 0 },
  rss: 0,
  ...more,
});
const task = (cpu: number, voluntary = 0, involuntary = 0) => ({ cpu, switches: { voluntary, involuntary } });

test('threads: those that stay count their difference, new ones all, ended ones by the ticks beyond rounding', () => {
  const before = snapshot({
    completed: 10,
    tasks: new Map([
      ['1/1', task(5e6, 3, 1)],
      ['1/2', task(80e6, 9, 9)],
    ]),
    coarse: { user: 60e6, system: 30e6 },
  });
  const after = (user: number) =>
    snapshot({
      at: 1e9,
      completed: 30,
      tasks: new Map([
        ['1/1', task(45e6, 5, 2)],
        ['1/3', task(10e6, 4, 0)],
      ]),
      coarse: { user: 60e6 + user, system: 30e6 + user },
    });
  const rounded = processReading([1], { before, after: after(30e6) }, 2); // ticks say 60 ms, threads 50: within rounding
  assert.equal(rounded.cpu, 50_000);
  assert.deepEqual(rounded.contextSwitches, { voluntary: 6, involuntary: 1 });
  assert.equal(rounded.requests, 20);
  assert.equal(rounded.cpuShare, 0.025);
  assert.equal(rounded.cpuUser, 25_000);
  const ended = processReading([1], { before, after: after(100e6) }, 1); // ticks say 200 ms: a thread ended with the rest
  assert.equal(ended.cpu, 200_000);
});

test('demand is that of the busiest thread: what it ran and what it waited for a core', () => {
  const waiting = (cpu: number, waited: number) => ({ ...task(cpu), waited });
  const before = snapshot({ tasks: new Map([['1/1', waiting(5e6, 1e6)]]) });
  const after = snapshot({
    at: 1e9,
    tasks: new Map([
      ['1/1', waiting(305e6, 651e6)],
      ['1/2', waiting(400e6, 100e6)],
    ]),
  });
  assert.equal(processReading([1], { before, after }, 1).demand, 0.95);
  assert.equal(processReading([1], { before: snapshot({}), after: snapshot({ at: 1e9 }) }, 1).demand, undefined);
});

test('a window shorter than a tick is split as the life so far', () => {
  const coarse = { user: 30e6, system: 10e6 };
  const reading = processReading(
    [1],
    {
      before: snapshot({ coarse, tasks: new Map([['1/1', task(0)]]) }),
      after: snapshot({ at: 1e6, coarse, tasks: new Map([['1/1', task(8e5)]]) }),
    },
    1,
  );
  assert.equal(reading.cpuUser, 600);
  assert.equal(reading.cpuSystem, 200);
});

test('the table of ps, as macOS writes it', () => {
  assert.deepEqual(parsePs('  501  20480   0:00.12   0:01.50\n 7 16 1:02:03.25 1:02:04.00\n\n'), [
    { pid: 501, rss: 20_971_520, user: 120_000_000, cpu: 1_500_000_000 },
    { pid: 7, rss: 16_384, user: 3_723_250_000_000, cpu: 3_724_000_000_000 },
  ]);
  assert.deepEqual(parsePs(''), []);
});

test('what a platform cannot tell is named', () => {
  assert.deepEqual(snapshotGaps('linux'), []);
  assert.match(snapshotGaps('darwin').join(), /context switches.*Linux.*10 ms/s);
});
