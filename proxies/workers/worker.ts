/** Thread entry: one event loop of a proxy, at the command of `workers.ts`. */
import '../platform/older-node.ts';
import { parentPort } from 'node:worker_threads';
import { IntentError } from '../config/intent-error.ts';
import type { RunningProxy } from '../contract.ts';
import { proxies } from '../registry.ts';
import type { WorkerReply, WorkerRequest } from './loop.ts';

const port = parentPort!;
let running: RunningProxy | undefined;

async function perform(request: WorkerRequest): Promise<unknown> {
  switch (request.call) {
    case 'start':
      running = await proxies.get(request.name)!.start(request.intent, new AbortController().signal);
      return running.address;
    case 'reload':
      return running!.reload!(request.intent);
    case 'stats':
      return running!.stats!();
    case 'drain':
      return running!.drain!();
    case 'dispose':
      return running?.[Symbol.asyncDispose]();
  }
}

port.on('message', (request: WorkerRequest) => {
  const { id } = request;
  perform(request).then(
    (value) => port.postMessage({ id, value: value ?? null } as WorkerReply),
    (error: unknown) => {
      const { message, code } = error as NodeJS.ErrnoException;
      const problems = error instanceof IntentError ? error.problems : undefined;
      port.postMessage({ id, error: { message, ...(code && { code }), ...(problems && { problems }) } });
    },
  );
});
