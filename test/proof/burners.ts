/** CPU burners on given cores, from when they burn until disposed; bounded in time, whatever becomes of this process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface BurnerSpec {
  readonly cores: readonly number[];
  /** As nice(1); negative ones need permission, and are 0 without it. */
  readonly nice: number;
  /** Milliseconds after which each ends by itself. */
  readonly most: number;
}

export async function startBurners({ cores, nice, most }: BurnerSpec, signal: AbortSignal): Promise<AsyncDisposable> {
  await using scope = new AsyncDisposableStack();
  for (const core of cores) {
    const file = join(import.meta.dirname, 'burner.ts');
    const child = spawn('taskset', ['-c', String(core), process.execPath, file, String(most), String(nice)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    scope.defer(() => gone(child));
    await once(child, 'message', { signal });
  }
  const burning = scope.move();
  return { [Symbol.asyncDispose]: () => burning.disposeAsync() };
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
