/** An L7 proxy that speaks HTTP/2 to its clients, an origin behind it, and raw peers on either side. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { definition } from '#proxies/l7/l7-http.ts';
import { RawPeer } from '../http2/raw-peer.ts';

export interface Lab extends AsyncDisposable {
  readonly port: number;
  readonly proxy: RunningProxy;
  /** A client that keeps no rules. */
  client(settings?: string): Promise<RawPeer>;
}

/** Takes the origin's server over. `protocol`: what it speaks. */
export async function lab(
  origin: Server,
  protocol: 'http1' | 'http2',
  more: Partial<ProxyIntent> = {},
  define = definition,
): Promise<Lab> {
  await using cleanup = new AsyncDisposableStack();
  const sockets = new Set<Socket>();
  origin.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await once(origin.listen(0, '127.0.0.1'), 'listening');
  cleanup.defer(() => {
    for (const socket of sockets) socket.destroy();
    origin.close();
  });
  const intent: ProxyIntent = {
    listener: { address: { host: '127.0.0.1', port: 0 }, http2: true },
    clusters: [
      { name: 'o', endpoints: [{ host: '127.0.0.1', port: (origin.address() as AddressInfo).port }], protocol },
    ],
    defaultCluster: 'o',
    ...more,
  };
  const proxy = cleanup.use(await define.start(intent, new AbortController().signal));
  const { port } = proxy.address;
  const scope = cleanup.move();
  return {
    port,
    proxy,
    async client(settings) {
      const socket = connect(port, '127.0.0.1');
      sockets.add(socket);
      await once(socket, 'connect');
      return new RawPeer('client', socket, settings);
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

/** An origin of HTTP/2 that does what `script` does, for each connection. */
export const rawOrigin = (script: (peer: RawPeer, index: number) => unknown): Server => {
  let count = 0;
  return createServer((socket) => {
    void Promise.resolve(script(new RawPeer('server', socket), count++)).catch(() => socket.destroy());
  });
};
