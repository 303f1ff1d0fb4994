/** An address where connections are neither taken nor refused: a listener that never accepts, its queue full. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from '#proxies/config/intent.ts';

export interface BlackHole extends AsyncDisposable {
  readonly address: Endpoint;
}

/** The thread listens, says where, and then sleeps: the kernel queues what comes, until it drops SYNs. */
const LISTENER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;
/** More than the queue of a listener with backlog 1 takes, on any system. */
const FILLERS = 8;

export async function openBlackHole(signal: AbortSignal): Promise<BlackHole> {
  const worker = new Worker(LISTENER, { eval: true });
  const fillers: Socket[] = [];
  try {
    const [port] = (await once(worker, 'message', { signal })) as [number];
    for (let index = 0; index < FILLERS; index++) fillers.push(connect(port, '127.0.0.1').on('error', () => {}));
    // The queue takes at least one: then the others, sent before or after, find it full or fill it.
    await Promise.race(fillers.map((filler) => once(filler, 'connect', { signal })));
    return {
      address: { host: '127.0.0.1', port },
      async [Symbol.asyncDispose]() {
        for (const filler of fillers) filler.destroy();
        await worker.terminate();
      },
    };
  } catch (error) {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
    throw error;
  }
}
