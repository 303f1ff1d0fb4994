/** The burners of the proofs: they burn, and none is left, however their scope or their parent ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSchedstat } from '#proxies/platform/procfs.ts';
import { startBurners } from './burners.ts';

const onLinux = { skip: process.platform !== 'linux' && 'needs taskset and /proc' };
const signal = AbortSignal.timeout(60_000);
const burner = join(import.meta.dirname, 'burner.ts');
const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

test('a burner burns, and is gone with its scope', onLinux, async () => {
  const before = new Set(childrenOf(process.pid));
  let pid: number | undefined;
  {
    await using _burning = await startBurners({ cores: [0], nice: 0, most: 60_000 }, signal);
    [pid] = childrenOf(process.pid).filter((child) => !before.has(child));
    const ran = (): number => parseSchedstat(readFileSync(`/proc/${pid}/schedstat`, 'utf8')).ran;
    const from = ran();
    while (ran() - from < 50e6) await new Promise(setImmediate);
  }
  assert.ok(!isThere(pid!));
});

test('it ends by itself', onLinux, async () => {
  const child = spawn(process.execPath, [burner, '60', '0'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('it ends with its parent, however that ends', onLinux, async () => {
  const code = `
    const child = require('node:child_process').fork(${JSON.stringify(burner)}, ['600000', '0']);
    child.once('message', () => process.send(child.pid));
  `;
  const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [pid] = (await once(parent, 'message')) as [number];
  assert.ok(isThere(pid));
  parent.kill('SIGKILL');
  while (isThere(pid)) await new Promise(setImmediate);
});
