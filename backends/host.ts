/**
 * Child entry: runs one origin in a process of its own, told over IPC what to run.
 *
 * | parent sends | child answers |
 * | --- | --- |
 * | `{ name, nonce, listener, options }`, once, first | `{ kind: 'ready', nonce, address, pids, pid }` or `{ kind: 'failed', error }` and exit 1 |
 * | `{ kind: 'counters', id }` | `{ kind: 'counters', id, counters }` |
 * | `{ kind: 'elu', id }` | `{ kind: 'elu', id, active, idle, utilization }`, cumulative milliseconds |
 * | `{ kind: 'steer', id, condition }` | `{ kind: 'steer', id }`, once it is as told, or `{ kind: 'failed', id, error }` |
 * | `{ kind: 'arrivals', id }` | `{ kind: 'arrivals', id, arrivals }`, milliseconds since the epoch |
 * | `{ kind: 'stop' }`, SIGTERM, SIGINT, or its death | disposes and exits 0 |
 */
import '#proxies/platform/older-node.ts';
import type { BackendOptions, Condition, Endpoint, RunningBackend } from './contract.ts';
import { backends } from './registry.ts';

export interface BackendJob {
  readonly name: string;
  readonly nonce: string;
  readonly listener: Endpoint;
  readonly options: BackendOptions;
}

type Request =
  | BackendJob
  | { readonly kind: 'counters' | 'elu' | 'arrivals'; readonly id: number }
  | { readonly kind: 'steer'; readonly id: number; readonly condition: Condition }
  | { readonly kind: 'stop' };

if (!process.send) {
  process.stderr.write('backends/host.ts is a child entry: it needs an IPC channel. Use `hopcost backend NAME`.\n');
  process.exit(2);
}

const aborted = new AbortController();
let running: RunningBackend | undefined;
let stopping = false;

const send = (message: object) => process.connected && process.send?.(message);

async function start(job: BackendJob): Promise<void> {
  try {
    const definition = backends.get(job.name);
    if (!definition) throw new Error(`no backend is called ${job.name}; there are ${[...backends.keys()].join(', ')}`);
    running = await definition.start(job.listener, { nonce: job.nonce, ...job.options }, aborted.signal);
    if (stopping) return await running[Symbol.asyncDispose]();
    const pid = process.pid;
    send({ kind: 'ready', nonce: job.nonce, address: running.address, pids: [pid], pid });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    process.exitCode = 1;
    if (process.connected) process.send?.({ kind: 'failed', error: { code, message } }, () => process.exit(1));
  }
}

function steer(id: number, condition: Condition): void {
  try {
    if (!running?.steered) throw new Error('this origin cannot be told to fail');
    running.steered.steer(condition);
    send({ kind: 'steer', id });
  } catch (error) {
    send({ kind: 'failed', id, error: { message: (error as Error).message } });
  }
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  aborted.abort();
  await running?.[Symbol.asyncDispose]();
  process.exit();
}

process.on('message', (message) => {
  const request = message as Request;
  if (!('kind' in request)) return void start(request);
  if (request.kind === 'stop') return void stop();
  const { kind, id } = request;
  switch (kind) {
    case 'elu':
      return void send({ kind, id, ...performance.eventLoopUtilization() });
    case 'steer':
      return steer(id, request.condition);
    case 'arrivals':
      return void send({ kind, id, arrivals: running?.steered?.arrivals() ?? { requests: [], refused: [] } });
    case 'counters':
      return void send({ kind, id, counters: running?.counters() ?? { connections: 0, requests: 0 } });
  }
});
process.on('disconnect', () => void stop());
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
