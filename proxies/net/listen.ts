/** A listening port that hands out wires. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../config/intent.ts';
import { systemError } from '../platform/system-error.ts';
import { listenHandle, type TcpHandle } from '../platform/tcp-handle.ts';
import { HandleWire } from './handle-wire.ts';
import { guarded, SocketWire } from './socket-wire.ts';
import type { ListenOptions, Wire, WireHandler, WireListener } from './wire.ts';

/** What a wire has until its owner sets `wire.handler`, within `onWire`. */
const unowned: WireHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** Rejects with the system's error (EADDRINUSE, EACCES). */
export function listening(
  server: Server,
  { host, port }: Endpoint,
  { backlog = 4096, reusePort = false }: Pick<ListenOptions, 'backlog' | 'reusePort'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog, ...(reusePort && { reusePort }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Rejects with the system's error (EADDRINUSE, EACCES). `onWire` must set `wire.handler`, then `resume()` at its leisure. */
export async function listenWires(
  address: Endpoint,
  onWire: (wire: Wire) => void,
  options: ListenOptions = {},
): Promise<WireListener> {
  const most = options.connections ?? Infinity;
  let active = 0;
  const onClosed = (): void => {
    active--;
  };
  const { onRefused = () => {} } = options;
  const isFull = (): boolean => {
    if (active < most) return false;
    onRefused('connections_limit', '', `${most} are open`);
    return true;
  };
  const take = (wire: Wire): void => {
    active++;
    guarded(wire, () => onWire(wire));
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket: Socket) => {
    if (isFull()) {
      socket.on('error', () => {}); // a read that failed already is told after this
      socket.destroy();
      return;
    }
    socket.once('close', onClosed);
    take(new SocketWire(socket, unowned));
  });
  await listening(server, address, options);
  // A failed accept (EMFILE) concerns one connection, not the listener.
  const failed = (error: Error): void => onRefused('accept_failed', '', error.message);
  server.on('error', failed);
  const handle = listenHandle(server);
  if (handle !== undefined) {
    // Linux gives accepted sockets the listener's own setting, which saves a system call for each of them.
    const isInherited = handle.setNoDelay(true) === 0 && process.platform === 'linux';
    handle.onconnection = (status: number, client: TcpHandle | undefined) => {
      if (status < 0 || client === undefined) {
        if (status < 0) failed(systemError(status, 'accept'));
        return;
      }
      if (isFull()) {
        client.close(() => {});
        return;
      }
      if (!isInherited) client.setNoDelay(true);
      take(new HandleWire(client, unowned, onClosed));
    };
  }
  const { address: host, port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      if (handle !== undefined) server.close(() => resolve());
      else {
        server.close();
        resolve(); // the plain server would wait for its connections
      }
    }));
  return {
    address: { host, port },
    get active() {
      return active;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
