/** Thread entry: opens many connections, drips a request head into each, and tells how each ended. */
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Endpoint } from '#proxies/config/intent.ts';

export interface Drip {
  readonly address: Endpoint;
  readonly clients: number;
  /** Between two bytes of one client. */
  readonly intervalMs: number;
}

export interface DripReport {
  /** How many were answered with each status; 0: with none. */
  readonly statuses: Readonly<Record<number, number>>;
  /** From the first byte of a client to its end. */
  readonly longestMs: number;
  readonly mostOpen: number;
}

const { address, clients, intervalMs } = workerData as Drip;
const statuses: Record<number, number> = {};
let longestMs = 0;
let open = 0;
let mostOpen = 0;

const one = () =>
  new Promise<void>((resolve) => {
    let from = 0;
    let timer: NodeJS.Timeout | undefined;
    let status = 0;
    const socket = connect({ ...address, noDelay: true });
    socket.on('connect', () => {
      open++;
      mostOpen = Math.max(mostOpen, open);
      from = performance.now();
      socket.write('GET / HTTP/1.1\r\nHost: soak\r\nX-Slow: ');
      timer = setInterval(() => socket.write('x'), intervalMs);
    });
    const ended = () => {
      clearInterval(timer);
      longestMs = Math.max(longestMs, performance.now() - from);
    };
    socket.on('data', (bytes: Buffer) => {
      status = Number(bytes.toString('latin1', 9, 12));
      ended();
    });
    socket.on('error', ended);
    socket.on('close', () => {
      ended();
      open--;
      statuses[status] = (statuses[status] ?? 0) + 1;
      resolve();
    });
  });

/** Opened in bursts that a backlog takes. */
const burst = 500;
const all: Promise<void>[] = [];
while (all.length < clients) {
  for (let i = 0; i < burst && all.length < clients; i++) all.push(one());
  await new Promise((resolve) => setImmediate(resolve));
}
await Promise.all(all);
parentPort!.postMessage({ statuses, longestMs, mostOpen } satisfies DripReport);
