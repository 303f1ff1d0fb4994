/** The part of autocannon 9 that its driver uses; it ships no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';

  export interface Client extends EventEmitter {
    conn: Socket;
    readonly opts: { verifyBody?: (body: string) => boolean };
    readonly pipelinedRequests: { size(): number; clear(): void };
    _connect(): void;
    getRequestBuffer(): Buffer;
    destroy(): void;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Seconds, at least 1. */
    readonly timeout: number;
    /** Milliseconds between two looks at whether to stop. */
    readonly sampleInt: number;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Buffer | string;
    /** Called with each client before it connects. */
    readonly setupClient: (client: Client) => void;
  }

  export default function autocannon(options: Options): PromiseLike<unknown> & { stop(): void };
}
