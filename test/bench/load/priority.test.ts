import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { raiseThisThread } from '#bench/load/priority.ts';

test('a raised thread is back where it was once disposed', () => {
  const before = getPriority(0);
  {
    using raised = raiseThisThread();
    if (raised.priority === 'raised') assert.ok(getPriority(0) < before);
    else assert.equal(getPriority(0), before);
  }
  assert.equal(getPriority(0), before);
});

test('a pacer thread has what it says, and no other thread of the process has it', async () => {
  const code = `
    import { readFileSync, readlinkSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { parentPort } from 'node:worker_threads';
    const { prioritizePacer } = await import(${JSON.stringify(new URL('../../../bench/load/priority.ts', import.meta.url).href)});
    const priority = prioritizePacer();
    const linux = process.platform === 'linux';
    const thread = linux ? readlinkSync('/proc/thread-self').split('/').at(-1) : '';
    parentPort.postMessage({
      priority,
      nice: getPriority(0),
      slack: linux ? readFileSync('/proc/' + thread + '/timerslack_ns', 'utf8').trim() : '',
      policy: linux ? readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[38] : '',
    });`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { execArgv: [] });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  const said = await new Promise<{ priority: string; nice: number; slack: string; policy: string }>(
    (resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    },
  );
  await exited;
  const [OTHER, FIFO] = ['0', '1'];
  if (process.platform === 'linux') {
    assert.ok(Number(said.slack) <= 1, said.slack); // a real-time thread has none at all
    assert.equal(said.policy, said.priority === 'real-time' ? FIFO : OTHER);
    if (said.priority === 'raised') assert.ok(said.nice < 0);
    assert.equal(readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1]!.split(' ')[38], OTHER);
  } else assert.equal(said.priority, 'normal');
});
