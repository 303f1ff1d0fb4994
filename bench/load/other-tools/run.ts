/** Runs an outside tool as a child process, bounded in time; knows which ones there are. */
import { spawn } from 'node:child_process';
import { autocannon } from './autocannon.ts';
import { h2load } from './h2load.ts';
import type { OutsideJob, OutsideResult, OutsideTool } from './tool.ts';
import { wrk } from './wrk.ts';

export const outsideTools: readonly OutsideTool[] = [autocannon, wrk, h2load];

/** What a tool may take beyond its job's seconds. */
const PATIENCE = 15_000;
const KEPT_OUTPUT = 64 * 1024;

export interface OutsideRun {
  readonly pid: number;
  /** Rejects where the tool could not run or said what is not understood, with its last output; with the abort's reason likewise. */
  readonly result: Promise<OutsideResult>;
}

/** `cores`: to run on; null: wherever the system likes. The tool is gone when the result is there. */
export function runTool(
  tool: OutsideTool,
  job: OutsideJob,
  cores: readonly number[] | null,
  signal: AbortSignal,
): OutsideRun {
  const command = [...(cores === null ? [] : ['taskset', '-c', cores.join(',')]), ...tool.command(job)];
  const { pid, output } = start(command, job.seconds * 1_000 + PATIENCE, signal);
  return { pid, result: output.then((text) => understood(tool, text)) };
}

/** Undefined where it is not installed. */
export async function versionOf({ version }: OutsideTool, signal: AbortSignal): Promise<string | undefined> {
  try {
    const text = await start(version.command, PATIENCE, signal).output;
    return version.pattern.exec(text)?.[1];
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function understood(tool: OutsideTool, output: string): OutsideResult {
  const result = tool.parse(output);
  if (result !== undefined && result.seconds > 0) return result;
  throw new Error(`${tool.name} gave no result that is understood; its output: '${output.trim().slice(-300)}'`);
}

/** All that it writes, to either stream, whatever its exit code. */
function start(
  [file, ...args]: readonly string[],
  timeout: number,
  signal: AbortSignal,
): { pid: number; output: Promise<string> } {
  signal.throwIfAborted();
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' });
  const abort = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', abort, { once: true });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-KEPT_OUTPUT)));
  const output = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(text);
    });
  }).finally(() => signal.removeEventListener('abort', abort));
  return { pid: child.pid ?? 0, output };
}
