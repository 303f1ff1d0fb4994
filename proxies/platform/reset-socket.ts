/** How a connection of `net.Socket` is cut off. */
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { parentOf } from './tcp-handle.ts';

/** RST, below TLS too: a client that does not look for close_notify must not take a FIN for the end of a body. */
export function resetSocket(socket: Socket): void {
  const carrier = carrierOf(socket);
  // The system refuses to reset while a FIN is on its way, and Node then forgets to close the handle.
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (carrier && !isEnding) carrier.resetAndDestroy();
  else socket.destroy();
}

/** The TCP socket below a TLS socket, where it can be had, or the socket itself. */
export function carrierOf(socket: Socket): Socket | undefined {
  if (!(socket instanceof TLSSocket)) return socket;
  const parent = parentOf(socket);
  return parent instanceof Socket ? parent : undefined;
}
