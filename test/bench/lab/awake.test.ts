import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepAwake } from '#bench/lab/awake.ts';

const isHeld = (path: string): boolean =>
  readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the folder's own
    }
  });

test(
  'no latency is asked for as four bytes, until the scope ends',
  { skip: process.platform !== 'linux' },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'awake-'));
    try {
      const device = join(folder, 'device');
      {
        using awake = keepAwake(device);
        assert.equal(awake.idle, 'polling');
        assert.ok(isHeld(device));
        assert.deepEqual([...(await readFile(device))], [0, 0, 0, 0]);
      }
      assert.ok(!isHeld(device));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test('where the system does not let us, cores halt as they are told', () => {
  using awake = keepAwake(join(tmpdir(), 'no', 'such', 'device'));
  assert.equal(awake.idle, 'halting');
});
