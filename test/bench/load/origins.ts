/** Small origins that behave as a test wants it. */
import net from 'node:net';
import tls from 'node:tls';

export interface Origin extends AsyncDisposable {
  readonly port: number;
  /** Connections accepted, requests seen, connections open now. */
  readonly seen: { connections: number; requests: number; open: number };
}

type OnRequest = (socket: net.Socket, request: string, requests: number) => void;

async function listen(server: net.Server, seen: Origin['seen'], sockets: Set<net.Socket>): Promise<Origin> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Each connection's bytes go to what `onSocket` returns. */
export async function byteOrigin(
  onSocket: (socket: net.Socket) => ((chunk: Buffer) => void) | void,
  secure?: tls.TlsOptions,
): Promise<Origin & { seen: Origin['seen'] }> {
  const seen = { connections: 0, requests: 0, open: 0 };
  const sockets = new Set<net.Socket>();
  const accept = (socket: net.Socket): void => {
    seen.connections += 1;
    seen.open += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      seen.open -= 1;
    });
    const onData = onSocket(socket);
    if (onData) socket.on('data', onData);
  };
  const server = secure ? tls.createServer(secure, accept) : net.createServer(accept);
  server.on('tlsClientError', () => {});
  return listen(server, seen, sockets);
}

/** `onRequest` gets each whole request (head and Content-Length body) and how many there have been, this one included. */
export async function httpOrigin(onRequest: OnRequest, secure?: tls.TlsOptions): Promise<Origin> {
  const origin = await byteOrigin((socket) => {
    let text = '';
    return (chunk) => {
      text += chunk.toString('latin1');
      for (;;) {
        const head = text.indexOf('\r\n\r\n') + 4;
        if (head === 3) return;
        const length = Number(/content-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
        if (text.length < head + length) return;
        const request = text.slice(0, head + length);
        text = text.slice(head + length);
        origin.seen.requests += 1;
        onRequest(socket, request, origin.seen.requests);
      }
    };
  }, secure);
  return origin;
}

export const answer = (body: string, status = '200 OK', fields = ''): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  await using origin = await byteOrigin(() => {});
  return origin.port;
}
