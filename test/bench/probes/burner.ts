/**
 * Child for probe tests. On `{ burn: MS }` it burns that much CPU of its own clock, on the main thread or, with `thread: true`, on a
 * worker that ends afterwards, or in a child process of its own (`process: true`); it answers with what it used, by its own account.
 */
import { execFileSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';

const burn = (milliseconds: number) => {
  const from = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(from);
    if (user + system >= milliseconds * 1000) return;
    for (let i = 0, x = 0; i < 1e5; i++) x += Math.sqrt(i);
  }
};
const source = `(${burn.toString()})`;

async function carryOut(job: { burn: number; thread?: boolean; process?: boolean }): Promise<void> {
  const from = process.cpuUsage();
  if (job.thread) {
    const worker = new Worker(`${source}(${job.burn})`, { eval: true });
    await new Promise((resolve) => worker.once('exit', resolve));
  } else if (job.process) execFileSync(process.execPath, ['-e', `${source}(${job.burn})`]);
  else burn(job.burn);
  process.send?.({ used: process.cpuUsage(from), eventLoop: performance.eventLoopUtilization() });
}

process.on('message', (job: { burn: number }) => void carryOut(job));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
