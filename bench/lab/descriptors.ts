/**
 * Does a proxy give back what it was lent? Once the load has closed its connections, the processes of each hop may hold:
 *
 * | descriptor | allowed |
 * | --- | --- |
 * | connections that came to its listener | none; further hops of a chain: those that the hop before may keep |
 * | connections to what comes next | L4: none, each belongs to a client's. L7: those of the start, and a pooled one for each request that was under way |
 * | anything else (files, pipes, timers) | those of the start, and `LAZY` that are opened at first use |
 *
 * What exceeds that after a bounded wait is left over. Linux only (/proc).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Warning } from '#bench/model/warning.ts';
import { descriptorsOf, tcpSockets } from '#proxies/platform/processes.ts';

/** Whose descriptors, and how their sockets are told apart. */
export interface Hop {
  /** For messages: 'proxy l7-http'. */
  readonly role: string;
  readonly layer: 'l4' | 'l7';
  readonly pids: readonly number[];
  /** Ports: its own, and that of the next hop or the origin. */
  readonly listener: number;
  readonly next: number;
}

export interface Holdings {
  readonly clients: number;
  readonly upstream: number;
  readonly others: number;
}

/** Event queues, resolver files, a log: whatever a process opens once, at its first connection. */
const LAZY = 16;
const PATIENCE = 2_000;
const STEP = 10;

/** Undefined where the system does not tell, or a process has ended. */
export function holdingsOf({ pids, listener, next }: Pick<Hop, 'pids' | 'listener' | 'next'>): Holdings | undefined {
  if (process.platform !== 'linux') return undefined;
  const held = pids.map(descriptorsOf);
  if (held.some((descriptors) => descriptors === undefined || descriptors.length === 0)) return undefined;
  const all = held.flatMap((descriptors) => descriptors!);
  // A socket that several processes inherited is one.
  const sockets = new Set(all.filter((target) => target.startsWith('socket:')));
  const connected = tcpSockets().filter(({ listens, inode }) => !listens && sockets.has(`socket:[${inode}]`));
  const clients = connected.filter(({ port }) => port === listener).length;
  const upstream = connected.filter(({ peerPort }) => peerPort === next).length;
  const descriptors = all.filter((target) => !target.startsWith('socket:')).length + sockets.size;
  return { clients, upstream, others: descriptors - clients - upstream };
}

export interface Allowance {
  readonly layer: Hop['layer'];
  /** Requests that the load had under way at most: one a connection, or one a stream. */
  readonly requests: number;
  /** Whether it is load that connects to it, not another hop. */
  readonly first: boolean;
}

/** What is left over, in words; empty where all came back. */
export function leftOver(before: Holdings, after: Holdings, { layer, requests, first }: Allowance): string[] {
  const kept = layer === 'l7' ? requests : 0;
  const clients = first ? 0 : kept + before.clients;
  const upstream = layer === 'l7' ? kept + before.upstream : 0;
  const others = before.others + LAZY;
  return [
    ...(after.clients > clients ? [`${after.clients} connections of clients (at most ${clients} may stay)`] : []),
    ...(after.upstream > upstream ? [`${after.upstream} connections onward (at most ${upstream} may be kept)`] : []),
    ...(after.others > others ? [`${after.others} other descriptors (${before.others} at the start)`] : []),
  ];
}

type Settled = (requests: number, signal: AbortSignal) => Promise<Warning | undefined>;

/**
 * Notes what the hops hold now, at the start: proved but unloaded. The result waits until all came back, for so long at most. It rejects
 * with the abort's reason.
 */
export function watchDescriptors(hops: readonly Hop[]): Settled {
  const starts = hops.map(holdingsOf);
  return async (requests, signal) => {
    const deadline = performance.now() + PATIENCE;
    for (const [index, hop] of hops.entries()) {
      const before = starts[index];
      const allowance = { layer: hop.layer, requests, first: index === 0 };
      for (let after = holdingsOf(hop); before && after; after = holdingsOf(hop)) {
        const left = leftOver(before, after, allowance);
        if (left.length === 0) break;
        if (performance.now() >= deadline) return warningOf(hop, left, { before, after }, requests);
        await sleep(STEP, undefined, { signal });
      }
    }
    return undefined;
  };
}

interface Held {
  readonly before: Holdings;
  readonly after: Holdings;
}

const warningOf = ({ role }: Hop, left: string[], { before, after }: Held, requests: number): Warning => ({
  code: 'descriptors-left',
  message: `${role} still held ${left.join(', ')} ${PATIENCE} ms after the load had closed its connections`,
  evidence: { ...after, upstreamBefore: before.upstream, othersBefore: before.others, requests },
});
