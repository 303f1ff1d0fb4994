import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { readCores } from '#bench/lab/placement.ts';
import { ChildError, HostChild } from '#bench/lab/child.ts';
import { identify, isRunning, portOwnership } from '#proxies/platform/processes.ts';

const entry = join(import.meta.dirname, 'planted-host.ts');
const never = new AbortController().signal;
const cores = readCores();
const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };

const start = (behaviour: string, more: { startTimeout?: number; signal?: AbortSignal } = {}) =>
  HostChild.start(
    {
      role: `planted ${behaviour}`,
      entry,
      job: { behaviour },
      cores: cores.pinning.possible ? cores.allowed.slice(0, 1) : null,
      ...(more.startTimeout !== undefined && { startTimeout: more.startTimeout }),
    },
    more.signal ?? never,
  );

const isGone = (pid: number) => !isRunning(identify(pid));

test('a child becomes ready, answers, owns its port, and stops when disposed', async () => {
  const child = await start('good');
  assert.ok(child.alive);
  assert.deepEqual(await child.counters(), { connections: 3, requests: 5 });
  const { active, idle } = await child.eventLoop();
  assert.ok(active >= 0 && idle >= 0);
  const { port } = child.ready.address;
  if (process.platform === 'linux') {
    assert.deepEqual(portOwnership(port, child.ready.pids), { state: 'owned' });
    assert.equal(portOwnership(port, [process.pid]).state, 'foreign');
  } else assert.equal(portOwnership(port, child.ready.pids).state, 'unknown');
  await child[Symbol.asyncDispose]();
  assert.deepEqual(await child.exited, { code: 0, signal: null });
  assert.ok(!child.alive);
  assert.ok(isGone(child.pid));
  await assert.rejects(child.counters(), ChildError);
  await child[Symbol.asyncDispose](); // twice is once
});

test('a child that ignores stop and SIGTERM is killed', async () => {
  const child = await start('deaf');
  await child[Symbol.asyncDispose]();
  assert.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' });
  assert.ok(isGone(child.pid));
});

test('grandchildren that the child leaves behind go with the group, and count as its life', onLinux, async () => {
  const child = await start('brood');
  const [, grandchild] = child.ready.pids as [number, number];
  assert.ok(!isGone(grandchild));
  const other = await start('brood');
  process.kill(other.ready.pids[1]!, 'SIGKILL');
  while (!isGone(other.ready.pids[1]!)) await new Promise(setImmediate);
  assert.ok(!other.alive, 'one of its processes died');
  await Promise.all([child[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  while (!isGone(grandchild)) await new Promise(setImmediate);
});

for (const [behaviour, code, message] of [
  ['wrong-nonce', 'NONCE', /another nonce/],
  ['fails', 'EADDRINUSE', /planted fails could not start: planted/],
  ['exits', 'EXITED', /exited before it was ready \(code 7\).*giving up/s],
] as const)
  test(`a start that goes wrong (${behaviour}) rejects with the reason`, async () => {
    await assert.rejects(start(behaviour), (error: ChildError) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  });

test('a child that never becomes ready is given up, by time or by abort, and leaves nothing', async () => {
  await assert.rejects(start('silent', { startTimeout: 50 }), { code: 'ETIMEDOUT' });
  const aborting = new AbortController();
  const starting = start('silent', { signal: aborting.signal });
  aborting.abort(new Error('interrupted'));
  await assert.rejects(starting, /interrupted/);
  await assert.rejects(start('good', { signal: aborting.signal }), /interrupted/);
});

/** Starts a harness of its own that holds one child, and tells that child's pid. */
async function harness(
  behaviour: string,
  then: string,
): Promise<{ pid: number; end: () => Promise<unknown>; child: number }> {
  const source = `
    import { HostChild } from ${JSON.stringify(join(import.meta.dirname, '../../../bench/lab/child.ts'))};
    const job = { behaviour: ${JSON.stringify(behaviour)} };
    const child = await HostChild.start({ role: 'planted', entry: ${JSON.stringify(entry)}, job, cores: null }, new AbortController().signal);
    console.log(child.pid);
    process.stdin.once('data', () => { ${then} });`;
  const process_ = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(process_, 'exit');
  const [line] = (await once(createInterface(process_.stdout), 'line')) as [string];
  return {
    pid: process_.pid!,
    child: Number(line),
    end: () => {
      process_.stdin.write('\n');
      return exited;
    },
  };
}

for (const [path, behaviour, then] of [
  ['process.exit', 'deaf', 'process.exit(3)'],
  ['an uncaught error', 'deaf', 'throw new Error("planted")'],
  ['SIGKILL', 'good', 'process.kill(process.pid, "SIGKILL")'],
] as const)
  test(`no child outlives a harness that ends by ${path}`, onLinux, async () => {
    const { child, end } = await harness(behaviour, then);
    const identity = identify(child);
    assert.ok(isRunning(identity));
    await end();
    while (isRunning(identity)) await new Promise(setImmediate);
  });
