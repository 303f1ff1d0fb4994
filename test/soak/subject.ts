/** Child entry: runs one proxy and tells what it holds, garbage collected, so that growth is growth. Run with --expose-gc. */
import { readdirSync } from 'node:fs';
import { proxies } from '#proxies/registry.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';

export type SubjectRequest =
  | { readonly call: 'start'; readonly name: string; readonly intent: ProxyIntent }
  | { readonly call: 'reload'; readonly intent: ProxyIntent }
  | { readonly call: 'inspect' | 'drain' | 'stop' };

/** What a process holds. Bytes are those of the heap and of buffers outside it, collected before. */
export interface Holdings {
  readonly heapBytes: number;
  readonly bufferBytes: number;
  readonly residentBytes: number;
  readonly descriptors: number;
  readonly sockets: number;
  readonly timers: number;
  /** Connections of the listener. */
  readonly active: number;
}

let running: RunningProxy | undefined;

async function inspect(): Promise<Holdings> {
  const active = (await running!.stats!()).listener.traffic.active;
  // Twice, a turn apart: what the first frees may hold more.
  for (let times = 0; times < 2; times++) {
    (globalThis as { gc?: () => void }).gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (name: string) => resources.filter((resource) => resource === name).length;
  return {
    heapBytes: heapUsed,
    bufferBytes: external,
    residentBytes: rss,
    descriptors: readdirSync('/proc/self/fd').length,
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
    active,
  };
}

async function perform(request: SubjectRequest): Promise<unknown> {
  switch (request.call) {
    case 'start':
      running = await proxies.get(request.name)!.start(request.intent, new AbortController().signal);
      return running.address;
    case 'reload':
      return running!.reload!(request.intent);
    case 'inspect':
      return inspect();
    case 'drain':
      return running!.drain!();
    case 'stop':
      return running?.[Symbol.asyncDispose]();
  }
}

process.on('message', (request: SubjectRequest & { readonly id: number }) => {
  const { id } = request;
  perform(request).then(
    (value) => process.send!({ id, value: value ?? null }),
    (error: NodeJS.ErrnoException) => process.send!({ id, error: { message: error.message, code: error.code } }),
  );
});
process.on('disconnect', () => process.exit());
