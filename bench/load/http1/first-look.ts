/** One request to a peer that is not ours and its answer, read as the load will read it. The body is counted, not kept. */
import net from 'node:net';
import tls from 'node:tls';
import type { LoadJob } from '#bench/model/load.ts';
import { tlsOptions } from '../socket/dialer.ts';
import { FramingError, type ResponseHead } from './head.ts';
import { type HttpTraffic, serializeRequest } from './request.ts';
import { ResponseReader } from './response.ts';

export interface FirstLook extends Pick<ResponseHead, 'status' | 'location'> {
  readonly bodyBytes: number;
  /** Where it is not HTTP/1.1 to the letter, and was tolerated. */
  readonly lapses: readonly string[];
}

/** Rejects with the system's error, with what is no HTTP, once the body is longer than `mostBytes`, and with the signal's reason. */
export async function firstLook(
  peer: Pick<LoadJob, 'target' | 'tls'>,
  request: HttpTraffic['request'],
  mostBytes: number,
  signal: AbortSignal,
): Promise<FirstLook> {
  signal.throwIfAborted();
  const encrypted = peer.tls !== undefined;
  const bytes = serializeRequest(peer, { request, connection: 'keep-alive', tls: encrypted ? 'full' : 'none' });
  const address = { ...peer.target, allowHalfOpen: true };
  const socket = peer.tls ? tls.connect({ ...tlsOptions(peer.tls), ...address }) : net.connect(address);
  const onAbort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await answerOn(socket, bytes, encrypted ? 'secureConnect' : 'connect', mostBytes);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

function answerOn(socket: net.Socket, request: Buffer, opened: string, mostBytes: number): Promise<FirstLook> {
  const reader = new ResponseReader(false, true);
  let read = 0;
  reader.begin();
  return new Promise((resolve, reject) => {
    const judge = (isWhole: boolean, problem?: string): void => {
      const { head, bodyBytes } = reader;
      if (bodyBytes > mostBytes) reject(new Error(`a body of more than ${mostBytes} bytes`));
      else if (isWhole && head !== undefined)
        resolve({
          status: head.status,
          bodyBytes,
          lapses: head.lapses ?? [],
          ...(head.location !== undefined && { location: head.location }),
        });
      else if (problem !== undefined) reject(new Error(problem));
    };
    const attempt = (step: () => boolean, problem?: string): void => {
      try {
        judge(step(), problem);
      } catch (error) {
        reject(error instanceof FramingError ? new Error(`what is no HTTP/1.1: ${error.message}`) : error);
      }
    };
    socket.once(opened, () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
      attempt(() => reader.read(chunk, chunk.length));
    });
    socket.once('end', () => attempt(() => reader.end(), `the end of the connection after ${read} bytes`));
    socket.once('error', reject);
  });
}
