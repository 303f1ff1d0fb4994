/** Runs the real command line as a user would, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENTRY = join(import.meta.dirname, '../../scripts/hopcost.ts');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One invocation; `finished` once it has exited and its output is complete. */
export class Cli implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  readonly #text = { stdout: '', stderr: '' };

  /** `entry`: a program of the tests in place of the command line. */
  constructor(
    args: readonly string[],
    options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly entry?: string } = {},
  ) {
    this.process = spawn(process.execPath, [options.entry ?? ENTRY, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...options.env },
    });
    for (const stream of ['stdout', 'stderr'] as const)
      this.process[stream]!.setEncoding('utf8').on('data', (text: string) => (this.#text[stream] += text));
    this.finished = once(this.process, 'close').then(([code]) => ({ code: code as number | null, ...this.#text }));
  }

  /** The first whole line of `stream` that starts with `prefix`. Rejects when the process ends without one. */
  async line(stream: 'stdout' | 'stderr', prefix: string): Promise<string> {
    const find = (): string | undefined =>
      this.#text[stream]
        .split('\n')
        .slice(0, -1)
        .find((line) => line.startsWith(prefix));
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const more = await Promise.race([once(this.process[stream]!, 'data'), this.finished]);
      if (!Array.isArray(more) && find() === undefined)
        throw new Error(`${stream} ended without a line that starts with '${prefix}': ${more.stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.finished;
  }
}

export const hopcost = async (...args: string[]): Promise<Finished> => new Cli(args).finished;

/** A folder that is gone when the scope is. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'hopcost-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
