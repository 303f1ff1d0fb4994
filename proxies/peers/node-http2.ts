/** `node:http2` as one gets it without thinking about cost: what `node-http` takes where the intent says HTTP/2. */
import type http from 'node:http';
import http2 from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Endpoint } from '../config/intent.ts';
import { hostPort } from './intent-facts.ts';

export type Fields = Readonly<Record<string, string | string[] | undefined>>;

/** A request to the origin, of either version. No field is of one connection alone, none a pseudo-header field. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly fields: Fields;
  /** Whether the client takes trailers. */
  readonly takesTrailers: boolean;
}

export interface Answer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Readable;
  /** Once the body has ended. */
  trailers(): Fields;
}

/** The origin's side: `answered` once its head has come; errors are the stream's, which takes the request's body. */
export interface Upstream {
  open(endpoint: Endpoint, asked: Asked, answered: (answer: Answer) => void): Writable & Timed;
  close(): void;
}

interface Timed {
  setTimeout(milliseconds: number, expired: () => void): unknown;
}

/** One connection an endpoint, made anew when it is closed. */
export function http2Upstream(): Upstream {
  const sessions = new Map<string, http2.ClientHttp2Session>();
  const sessionTo = (endpoint: Endpoint): http2.ClientHttp2Session => {
    const url = `http://${hostPort(endpoint)}`;
    const known = sessions.get(url);
    if (known && !known.closed && !known.destroyed) return known;
    const session = http2.connect(url);
    session.on('error', () => {}); // each of its streams tells it
    sessions.set(url, session);
    return session;
  };
  return {
    open(endpoint, { method, path, authority, fields, takesTrailers }, answered) {
      const stream = sessionTo(endpoint).request(
        {
          ...fields,
          ...(takesTrailers && { te: 'trailers' }), // the one field of a connection that HTTP/2 has (RFC 9113 §8.2.2)
          ':method': method,
          ':path': path,
          ':authority': authority,
          ':scheme': 'http',
        },
        { endStream: false },
      );
      let trailers: Fields = {};
      stream.once('trailers', (found) => (trailers = found as Fields));
      stream.once('response', ({ ':status': status, ...rest }) =>
        answered({ status: Number(status), fields: rest as Fields, body: stream, trailers: () => trailers }),
      );
      return stream;
    },
    close() {
      for (const session of sessions.values()) session.destroy();
    },
  };
}

const PREFACE = Buffer.from('PRI');

/** A listener, and how its connections end. */
export interface Listening {
  readonly server: Server;
  /** Those without a request under way. */
  closeIdle(): void;
  closeAll(): void;
}

export const serveOne = (server: http.Server): Listening => ({
  server,
  closeIdle: () => server.closeIdleConnections(),
  closeAll: () => server.closeAllConnections(),
});

/** How a connection begins says which version it speaks: no method is called PRI (RFC 9113 §3.4). */
export function serveBoth(
  http1: http.Server,
  serve: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
): Listening {
  const second = http2.createServer(serve);
  const sessions = new Set<http2.ServerHttp2Session>();
  second.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
    let first = Buffer.alloc(0);
    const sort = (chunk: Buffer): void => {
      first = Buffer.concat([first, chunk]);
      const known = Math.min(first.length, PREFACE.length);
      const isHttp2 = first.compare(PREFACE, 0, known, 0, known) === 0;
      if (isHttp2 && known < PREFACE.length) return;
      socket.off('data', sort).pause();
      socket.unshift(first);
      (isHttp2 ? second : http1).emit('connection', socket);
      process.nextTick(() => socket.resume());
    };
    socket.on('data', sort);
  });
  return {
    server,
    closeIdle() {
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    closeAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
