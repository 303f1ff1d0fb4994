/** A PROXY protocol header read off a plain socket, so that what follows (a TLS handshake) is there for the next reader. */
import type { Socket } from 'node:net';
import { tellFault } from '../platform/notices.ts';
import { parseProxyHeader } from './proxy-protocol.ts';
import { Timer } from './timer.ts';

export interface ProxyHeaderOwner {
  /** Complete: the client's address, or undefined where the header tells none (LOCAL, UNKNOWN). */
  onHeader(sourceAddress: string | undefined): void;
  /** The socket was reset. */
  onRefused(): void;
}

/** The socket's errors have a listener. What is no header, takes too long (`timeout`, milliseconds; 0: never) or ends early closes the socket without a word. */
export function readProxyHeader(socket: Socket, timeout: number, owner: ProxyHeaderOwner): void {
  let held: Buffer = Buffer.alloc(0);
  const refuse = (): void => {
    owner.onRefused();
    socket.resetAndDestroy();
  };
  const timer = new Timer({ onTimeout: refuse });
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held = Buffer.concat([held, chunk]);
    const parsed = parseProxyHeader(held);
    if (parsed.kind === 'more') return;
    leave();
    if (parsed.kind === 'malformed') {
      refuse();
      return;
    }
    const rest = held.subarray(parsed.length);
    if (rest.length > 0) socket.unshift(rest);
    try {
      owner.onHeader(parsed.value.addresses?.sourceAddress);
    } catch (error) {
      tellFault(error);
      socket.destroy();
    }
  };
  const leave = (): void => {
    timer.release();
    socket.off('readable', onReadable).off('end', refuse).off('close', leave);
  };
  socket.on('readable', onReadable).on('end', refuse).on('close', leave);
  timer.arm(timeout);
}
