/** HTTP/2 requests over `node:http2`, a reader that no proxy measured shares but the one that is made of it. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { type Ask, type HttpAnswer, type HttpQuestion, MOST_BODY } from './http-client.ts';
import { type Target, tlsOptions } from './wire.ts';

const PROTOCOL = 'h2';

interface Http2Answer extends Pick<HttpAnswer, 'status' | 'headers' | 'body'> {
  readonly trailers: IncomingHttpHeaders;
}

/** A connection: in the clear by prior knowledge, over TLS by ALPN. Requests may be under way at once. */
export class Http2Client implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #signal: AbortSignal;

  /** Connects with the first request. */
  constructor(target: Target, signal: AbortSignal) {
    const { host, port, tls } = target;
    const authority = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#signal = signal;
    this.#session = connect(authority, {
      ...(tls && {
        createConnection: () => connectTls({ host, port, ...tlsOptions(tls), ALPNProtocols: [PROTOCOL] }),
      }),
    });
    this.#session.on('error', () => {}); // each request tells it
  }

  /** Rejects when the answer is not whole, when the peer does not speak HTTP/2, and when the signal aborts. */
  async ask(question: HttpQuestion): Promise<Http2Answer> {
    const { body, headers } = question;
    if (body === undefined) return await read(this.open(question, true));
    const stream = this.open({ ...question, headers: { ...headers, 'content-length': String(body.length) } }, false);
    const answer = read(stream);
    stream.end(body);
    return await answer;
  }

  /** The request's head. `isEnd`: it is all there is; otherwise the content is the caller's to send. */
  open({ method = 'GET', path, headers = {} }: HttpQuestion, isEnd: boolean): ClientHttp2Stream {
    const fields = { ...headers, ':method': method, ':path': path };
    return this.#session.request(fields, { endStream: isEnd, signal: this.#signal });
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function read(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    let fields: IncomingHttpHeaders | undefined;
    let trailers: IncomingHttpHeaders = {};
    let length = 0;
    const chunks: Buffer[] = [];
    stream.on('response', (headers) => (fields = headers));
    stream.on('trailers', (found: IncomingHttpHeaders) => (trailers = found));
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_BODY) stream.destroy(new Error(`a body of more than ${MOST_BODY} bytes`));
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (fields === undefined || stream.rstCode !== 0)
        return reject(
          new Error(`the stream ended with code ${stream.rstCode} and ${fields ? 'part of an' : 'no'} answer`),
        );
      const { ':status': status, ...headers } = fields;
      resolve({ status: Number(status), headers, trailers, body: Buffer.concat(chunks) });
    });
  });
}

export const askHttp2: Ask = async (target, question, signal) => {
  using client = new Http2Client(target, signal);
  return await client.ask(question);
};
