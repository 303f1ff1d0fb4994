/**
 * Small writes below `net.Socket`: its Writable machinery costs a small request about as much as all else that the generator does
 * in JavaScript. This file alone knows the runtime's own calling convention, and gives `undefined` wherever it is not
 * exactly as expected; `socket.write` then serves instead. `HOPCOST_PLAIN_SOCKETS=1` forces that.
 *
 * The convention (Node 26, lib/internal/stream_base_commons.js): `handle.writeBuffer(null, bytes)` returns 0 or a negative errno
 * when everything went to the kernel or failed at once, else a write request that calls `oncomplete(status)` later, unless
 * its `writeStatus` already says how it ended; on a closed handle, undefined. `bytes` must stay alive and unchanged until then. TLS handles do the same, but take one write at a time.
 */
import type { Socket } from 'node:net';

export interface PendingWrite {
  oncomplete: (status: number) => void;
  writeStatus: number | null;
}

export interface WriteHandle {
  writeBuffer(request: null, bytes: Uint8Array): number | PendingWrite | undefined;
}

interface StreamState {
  readonly state: Int32Array;
  readonly lastError: number;
}

/** The runtime's own JavaScript uses the convention too: its text is the only place where it can be seen without a crash. */
function streamState(): StreamState | undefined {
  if (process.env['HOPCOST_PLAIN_SOCKETS'] === '1') return undefined;
  const binding = (process as unknown as { binding?: (name: string) => Record<string, unknown> }).binding;
  if (typeof binding !== 'function') return undefined;
  try {
    const source = binding.call(process, 'natives')['internal/stream_base_commons'];
    if (typeof source !== 'string') return undefined;
    if (!source.includes('handle.writeBuffer(null, data)') || !source.includes('req.writeStatus')) return undefined;
    const { streamBaseState: state, kLastWriteErr: lastError } = binding.call(process, 'stream_wrap');
    return state instanceof Int32Array && typeof lastError === 'number' ? { state, lastError } : undefined;
  } catch {
    return undefined; // a permission model or a later runtime that withholds them
  }
}

const stream = streamState();

/** The handle of an open socket, where it is what it is expected to be. */
export function writeHandle(socket: Socket): WriteHandle | undefined {
  const handle = (socket as unknown as { _handle?: Partial<WriteHandle> | null })._handle;
  return stream !== undefined && typeof handle?.writeBuffer === 'function' ? (handle as WriteHandle) : undefined;
}

/** The errno of a write whose request was made but failed at once, else 0. Only valid right after the write. */
export const lastWriteError = (): number => (stream === undefined ? 0 : (stream.state[stream.lastError] ?? 0));
