import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describePlacement, pinSelf, planPlacement, readCores, type Cores } from '#bench/lab/placement.ts';

const pinned = (allowed: readonly number[]): Cores => ({ allowed, pinning: { possible: true } });
const unpinned = (allowed: readonly number[]): Cores => ({
  allowed,
  pinning: { possible: false, reason: 'planted' },
});

for (const [allowed, proxy, origin, load, loadWorkers, shared] of [
  [[3], [3], [3], [3], 1, true],
  [[0, 1], [1], [0], [0], 1, false],
  [[0, 2, 4], [4], [0], [2], 1, false],
  [[0, 1, 2, 3], [3], [0], [1, 2], 2, false],
  [[0, 1, 2, 3, 4, 5, 6, 7], [7], [0], [1, 2, 3, 4], 4, false],
] as const)
  test(`${allowed.length} allowed cores`, () => {
    assert.deepEqual(planPlacement(pinned(allowed)), { proxy, origin, load, loadWorkers, shared });
  });

test('four proxy workers take four cores of six, and are held to what leaves origin and load a core each', () => {
  assert.deepEqual(planPlacement(pinned([0, 1, 2, 3, 4, 5]), 4).proxy, [2, 3, 4, 5]);
  assert.deepEqual(planPlacement(pinned([0, 1, 2]), 4).proxy, [2]);
});

test('where pinning is impossible nothing is pinned, and sharing is said when there is no room to be apart', () => {
  assert.deepEqual(planPlacement(unpinned([0, 1])), {
    proxy: null,
    origin: null,
    load: null,
    loadWorkers: 1,
    shared: true,
  });
  assert.equal(planPlacement(unpinned([0, 1, 2, 3])).shared, false);
  assert.match(describePlacement(planPlacement(unpinned([0])), unpinned([0])), /not pinned: planted/);
});

test('the text names every party and says when the proxy’s core is shared', () => {
  const two = pinned([0, 1]);
  assert.equal(
    describePlacement(planPlacement(two), two),
    'proxy   core 1\norigin  core 0, with load\nload    core 0, 1 worker',
  );
  assert.match(describePlacement(planPlacement(pinned([0])), pinned([0])), /share the proxy’s core/);
});

test('any plan: known cores only, at least one worker, `shared` exactly when a core of the proxy’s is used by others', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 64 }),
      fc.integer({ min: 1, max: 16 }),
      (allowed, concurrency) => {
        const plan = planPlacement(pinned(allowed), concurrency);
        const parties = [plan.proxy!, plan.origin!, plan.load!];
        assert.ok(parties.every((cores) => cores.length > 0 && cores.every((core) => allowed.includes(core))));
        assert.equal(
          plan.shared,
          plan.proxy!.some((core) => plan.origin!.includes(core) || plan.load!.includes(core)),
        );
        assert.ok(plan.loadWorkers >= 1 && plan.loadWorkers <= Math.max(1, plan.load!.length));
      },
    ),
  );
});

test('this host lets this process use a core or more', () => {
  assert.ok(readCores().allowed.length >= 1);
});

test('a process is pinned until disposed of, and may then use what it could before', () => {
  const before = readCores();
  {
    using _pinned = pinSelf(before.allowed.slice(0, 1));
    assert.deepEqual(readCores().allowed, before.pinning.possible ? before.allowed.slice(0, 1) : before.allowed);
  }
  assert.deepEqual(readCores(), before);
});
