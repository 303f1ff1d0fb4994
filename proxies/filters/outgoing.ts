/** Requests of a filter's own to one service: connections are kept, every answer is bounded in time and bytes. */
import { Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import type { Socket } from 'node:net';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { Field } from '../http/field-block.ts';

export interface Ask {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

export class Outgoing {
  readonly #origin: URL;
  readonly #agent: Agent;
  readonly #timeout: number;

  /** `connections`: open at once, at most. `timeout`: milliseconds for the whole answer, the wait for a connection included. */
  constructor(origin: URL, connections: number, timeout: number) {
    const options = { keepAlive: true, maxSockets: connections, scheduling: 'lifo' as const };
    this.#origin = origin;
    this.#agent = origin.protocol === 'https:' ? new TlsAgent(options) : new Agent(options);
    this.#timeout = timeout;
  }

  /** Rejects where there is no whole answer in time, or its body has more than `mostBytes`. */
  async send(ask: Ask, mostBytes: number, signal?: AbortSignal): Promise<Answer> {
    const deadline = performance.now() + this.#timeout;
    for (;;) {
      const { attempt, answer } = this.#attempt(ask, mostBytes, deadline, signal);
      try {
        return await answer;
      } catch (error) {
        // The service closed a connection that had been idle: it has not seen this request (RFC 9112 §9.3.1).
        const isStale = attempt.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        if (!isStale || performance.now() >= deadline) throw error;
      }
    }
  }

  /** Ends what is idle; what is under way goes on. */
  close(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    this.#agent.on('free', (socket: Socket) => socket.destroy());
  }

  #attempt(ask: Ask, mostBytes: number, deadline: number, signal: AbortSignal | undefined) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const send = this.#origin.protocol === 'https:' ? tlsRequest : plainRequest;
    const attempt: ClientRequest = send({
      agent: this.#agent,
      host: this.#origin.hostname.replace(/^\[|\]$/g, ''),
      port: this.#origin.port,
      method: ask.method,
      path: ask.path,
      headers: { ...ask.headers, ...(ask.body && { 'content-length': ask.body.length }) },
      ...(signal && { signal }),
    });
    const timer = setTimeout(
      () => attempt.destroy(new Error(`expected an answer within ${this.#timeout} ms`)),
      Math.max(1, deadline - performance.now()),
    );
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    attempt.on('error', fail);
    attempt.on('upgrade', (_response, socket) => {
      socket.destroy();
      fail(new Error('expected an answer, got another protocol'));
    });
    attempt.on('response', (response) => {
      collect(response, mostBytes).then(
        (body) => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, fields: fieldsOf(response), body });
        },
        (error: Error) => {
          attempt.destroy();
          fail(error);
        },
      );
    });
    attempt.end(ask.body);
    return { attempt, answer: promise };
  }
}

async function collect(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > mostBytes) throw new Error(`expected an answer of ${mostBytes} bytes at most`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function fieldsOf({ rawHeaders }: IncomingMessage): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) fields.push([rawHeaders[at]!, rawHeaders[at + 1]!]);
  return fields;
}
