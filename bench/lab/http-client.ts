/** HTTP requests over `node:http`, a reader independent of every proxy measured: for the nonce and the conformance cases. */
import {
  Agent as HttpAgent,
  request as requestHttp,
  type Agent,
  type IncomingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { type Target, tlsOptions } from './wire.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** It came over a connection that had carried another answer before. */
  readonly reused: boolean;
}

/** One request, on a connection of its own. */
export type Ask = (
  target: Target,
  question: HttpQuestion,
  signal: AbortSignal,
) => Promise<Pick<HttpAnswer, 'status' | 'headers' | 'body'>>;

export interface HttpQuestion {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Bytes of a body: more than any question here is answered with. */
export const MOST_BODY = 64 * 1024 * 1024;

/** Keeps at most one connection, so that reuse shows. Destroy it when done. */
export const oneConnection = (target: Target): Agent =>
  target.tls ? new HttpsAgent({ keepAlive: true, maxSockets: 1 }) : new HttpAgent({ keepAlive: true, maxSockets: 1 });

/** One request; a connection of its own where no agent is given. Rejects when the answer is not whole, or has no end. */
export function ask(
  target: Target,
  question: HttpQuestion,
  signal: AbortSignal,
  agent: Agent | false = false,
): Promise<HttpAnswer> {
  const { host, port, tls } = target;
  const options: RequestOptions & ConnectionOptions = {
    host,
    port,
    agent,
    signal,
    method: question.method ?? 'GET',
    path: question.path,
    headers: { ...question.headers, ...(question.body && { 'content-length': String(question.body.length) }) },
    ...(tls && tlsOptions(tls)),
  };
  return new Promise((resolve, reject) => {
    const request = (tls ? requestHttps : requestHttp)(options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MOST_BODY) response.destroy(new Error(`a body of more than ${MOST_BODY} bytes`));
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          reused: request.reusedSocket,
        }),
      );
    });
    request.on('error', reject);
    request.end(question.body);
  });
}
