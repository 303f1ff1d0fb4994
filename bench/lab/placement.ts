/** Which party runs on which cores. The plan is pure; pinning ourselves and asking what we may use are the two effects. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Placement } from '#bench/model/record.ts';
import { allowedCores } from '#proxies/platform/processes.ts';

/** More load workers than this never paid: an origin on one core is saturated first. */
const MOST_WORKERS = 4;

export interface Cores {
  /** Cores that this process may use. */
  readonly allowed: readonly number[];
  /** Whether processes can be pinned here, and if not, why. */
  readonly pinning: { readonly possible: true } | { readonly possible: false; readonly reason: string };
}

export function readCores(): Cores {
  if (process.platform !== 'linux')
    return {
      allowed: Array.from({ length: availableParallelism() }, (_, core) => core),
      pinning: { possible: false, reason: `${process.platform} has no means to pin a process to a core` },
    };
  const { error, status } = spawnSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
  return {
    allowed: allowedCores('self') ?? [],
    pinning:
      status === 0
        ? { possible: true }
        : {
            possible: false,
            reason: error ? 'taskset is not installed (util-linux)' : 'taskset is not permitted here',
          },
  };
}

/**
 * | cores | proxy | origin | load |
 * | --- | --- | --- | --- |
 * | 1 | all three share it | | |
 * | 2 | the last | the first, with load | the first, with the origin |
 * | 3 | one | one | one |
 * | 4 and more | one per `concurrency`, as long as two stay for the others | one | the rest, at most one worker each up to 4 |
 *
 * Unpinned: null everywhere; the parties may meet on any core, so `shared` unless there is room for all to be apart.
 */
export function planPlacement({ allowed, pinning }: Cores, concurrency = 1): Placement {
  const count = Math.max(1, allowed.length);
  const workers = Math.min(MOST_WORKERS, Math.max(1, count - 1 - concurrency));
  if (!pinning.possible)
    return { proxy: null, origin: null, load: null, loadWorkers: workers, shared: count < 2 + concurrency };
  if (count === 1)
    return { proxy: [...allowed], origin: [...allowed], load: [...allowed], loadWorkers: 1, shared: true };
  if (count === 2) {
    const [first, last] = allowed as [number, number];
    return { proxy: [last], origin: [first], load: [first], loadWorkers: 1, shared: false };
  }
  // The first core takes most of a machine's interrupts; the proxy gets the last ones.
  const proxies = Math.min(Math.max(1, concurrency), count - 2);
  const proxy = allowed.slice(count - proxies);
  const [origin, ...load] = allowed.slice(0, count - proxies) as [number, ...number[]];
  return {
    proxy: [...proxy],
    origin: [origin],
    load: load.slice(0, MOST_WORKERS),
    loadWorkers: Math.min(MOST_WORKERS, load.length),
    shared: false,
  };
}

/** The plan as lines for a human. */
export function describePlacement(placement: Placement, { pinning }: Cores): string {
  const on = (cores: readonly number[] | null) =>
    cores === null ? 'any core' : `core${cores.length === 1 ? '' : 's'} ${cores.join(', ')}`;
  const same = placement.origin !== null && placement.origin.some((core) => placement.load?.includes(core));
  return [
    `proxy   ${on(placement.proxy)}`,
    `origin  ${on(placement.origin)}${same ? ', with load' : ''}`,
    `load    ${on(placement.load)}, ${placement.loadWorkers} worker${placement.loadWorkers === 1 ? '' : 's'}`,
    ...(pinning.possible ? [] : [`not pinned: ${pinning.reason}`]),
    ...(placement.shared ? ['load or origin share the proxy’s core: figures carry their interference'] : []),
  ].join('\n');
}

/**
 * Pins this process, all its threads, to `cores` as far as that is possible, until disposed; threads and children that are made meanwhile
 * inherit it. Call it before load workers exist, and dispose of it after them: whoever plans next would see these cores only.
 */
export function pinSelf(cores: readonly number[] | null): Disposable {
  if (cores === null) return { [Symbol.dispose]() {} };
  const { allowed } = readCores();
  const pin = (to: readonly number[]): void => {
    spawnSync('taskset', ['-a', '-p', '-c', to.join(','), String(process.pid)], { stdio: 'ignore' });
  };
  pin(cores);
  return { [Symbol.dispose]: () => pin(allowed) };
}
