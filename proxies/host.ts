/**
 * Child entry: runs one proxy in a process of its own, told over IPC what to run.
 *
 * | parent sends | child answers |
 * | --- | --- |
 * | `{ name, nonce, intent }`, once, first | `{ kind: 'ready', nonce, address, admin, pids, nativeConfig, pid }` or `{ kind: 'failed', error }` and exit 1 |
 * | `{ kind: 'elu', id }` | `{ kind: 'elu', id, active, idle, utilization }`, cumulative milliseconds |
 * | `{ kind: 'reload', id, intent }` | `{ kind: 'reloaded', id }` or `{ kind: 'failed', id, error }`; the old intent then stays |
 * | `{ kind: 'stop' }`, SIGTERM, SIGINT | drains, disposes and exits 0 |
 * | its death | disposes at once and exits 0 |
 */
import './platform/older-node.ts';
import type { ProxyIntent } from './config/intent.ts';
import type { RunningProxy } from './contract.ts';
import { proxies } from './registry.ts';

export interface ProxyJob {
  readonly name: string;
  readonly nonce: string;
  readonly intent: ProxyIntent;
}

type Request =
  | ProxyJob
  | { readonly kind: 'elu'; readonly id: number }
  | { readonly kind: 'reload'; readonly id: number; readonly intent: ProxyIntent }
  | { readonly kind: 'stop' };

if (!process.send) {
  process.stderr.write('proxies/host.ts is a child entry: it needs an IPC channel. Use `hopcost proxy NAME`.\n');
  process.exit(2);
}

const aborted = new AbortController();
let running: RunningProxy | undefined;
let stopping: 'drain' | 'now' | undefined;

function send(message: object, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, sent);
}

function failure(error: unknown): { code?: string | undefined; message: string } {
  const { code, message } = error as NodeJS.ErrnoException;
  return { code, message };
}

async function start(job: ProxyJob): Promise<void> {
  try {
    const definition = proxies.get(job.name);
    if (!definition) throw new Error(`no proxy is called ${job.name}; there are ${[...proxies.keys()].join(', ')}`);
    running = await definition.start(job.intent, aborted.signal);
    if (stopping) return await running[Symbol.asyncDispose]();
    const { address, admin, pids, nativeConfig } = running;
    void running.failure?.then(fail);
    send({ kind: 'ready', nonce: job.nonce, address, admin, pids, nativeConfig, pid: process.pid });
  } catch (error) {
    if (stopping) return;
    process.exitCode = 1;
    send({ kind: 'failed', error: failure(error) }, () => process.exit(1));
  }
}

/** What runs here serves nobody any more: a process that stays up would hide that. */
function fail(error: Error): void {
  if (stopping) return;
  process.stderr.write(`hopcost: ${error.message}\n`);
  process.exit(1);
}

async function reload(id: number, intent: ProxyIntent): Promise<void> {
  try {
    if (!running?.reload) throw new Error('this proxy cannot be handed a new intent while it runs');
    await running.reload(intent);
    send({ kind: 'reloaded', id });
  } catch (error) {
    send({ kind: 'failed', id, error: failure(error) });
  }
}

async function stop(how: 'drain' | 'now'): Promise<void> {
  if (stopping === 'now' || stopping === how) return;
  stopping = how;
  aborted.abort();
  try {
    if (how === 'drain') await running?.drain?.();
    // Overtaken by the parent's death while it drained.
    if (how !== stopping) return;
    await running?.[Symbol.asyncDispose]();
  } finally {
    if (how === stopping) process.exit();
  }
}

process.on('message', (message) => {
  const request = message as Request;
  if (!('kind' in request)) return void start(request);
  if (request.kind === 'stop') return void stop('drain');
  if (request.kind === 'reload') return void reload(request.id, request.intent);
  send({ kind: 'elu', id: request.id, ...performance.eventLoopUtilization() });
});
process.on('disconnect', () => void stop('now'));
process.on('SIGTERM', () => void stop('drain'));
process.on('SIGINT', () => void stop('drain'));
