/** One command to its end, in a process group of its own, so that all of it ends with an abort or with this process. */
import { spawn } from 'node:child_process';

/** It could not be started, or ended with another code than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** What it printed last, on either stream. */
  readonly output: string;
  constructor(message: string, output: string) {
    super(output === '' ? message : `${message}; its last output:\n${output}`);
    this.output = output;
  }
}

const KEPT_LINES = 20;
const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) endGroup(pid);
});

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Its stdout, trimmed. Rejects with `CommandError`, or with the abort's reason. */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const [file, ...args] = command;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(file!, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  const abort = (): void => {
    if (pid !== undefined) endGroup(pid);
    reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  let stdout = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (all += text));
  const fail = (why: string): void => {
    const lines = all.trim().split('\n').slice(-KEPT_LINES).join('\n');
    reject(new CommandError(`\`${command.join(' ')}\` ${why}`, lines));
  };
  child.once('error', (error) => fail(`could not be started: ${error.message}`));
  child.once('close', (code, by) => (code === 0 ? resolve(stdout.trim()) : fail(`ended with ${by ?? `code ${code}`}`)));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    if (pid !== undefined) running.delete(pid);
  }
}
