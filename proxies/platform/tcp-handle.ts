/**
 * The runtime's own stream handles, below `net.Socket`. `net.Socket` cannot read accepted connections into a reused buffer and sends
 * every small write through the Writable machinery; together they cost a small message more than the kernel does. Proxies, origins
 * and load go past it. This file alone knows the names and the calling convention of what lies beneath, and says `undefined` wherever
 * they are not exactly as expected: whoever asks then uses `net.Socket` instead. `HOPCOST_PLAIN_SOCKETS=1` forces that everywhere.
 *
 * The convention (Node 26, lib/internal/stream_base_commons.js): `handle.writeX(null, data)` gives a number, 0 or a negative errno,
 * once everything has gone to the kernel or failed; on a closed handle, undefined; else a write request, on which `oncomplete(status)`
 * is called later, unless its `writeStatus` already says how it ended. `data` must stay alive and unchanged until then. Whether a
 * request that was made has failed at once is told by `state[writeError]`. `handle.onread` is called with the byte count or negative
 * errno in `state[readResult]`. TLS handles do the same, but take one write at a time and abort the process on a second.
 */
import type { Socket } from 'node:net';

/** What libuv reads at the end of a stream (UV_EOF), the same number on every platform. */
export const END_OF_FILE = -4095;

export interface WriteRequest {
  oncomplete: (status: number) => void;
  writeStatus: number | null;
}

export interface ConnectRequest {
  oncomplete: (status: number) => void;
}

export interface ShutdownRequest {
  oncomplete: (status: number) => void;
}

export interface Address {
  address?: string;
  port?: number;
}

/** Of any socket that may have been closed meanwhile. */
export interface WriteHandle {
  writeBuffer(request: null, data: Uint8Array): number | WriteRequest | undefined;
}

export interface TcpHandle extends WriteHandle {
  onread: ((this: TcpHandle) => Uint8Array | undefined) | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: null, data: Uint8Array): number | WriteRequest;
  writeLatin1String(request: null, text: string): number | WriteRequest;
  shutdown(request: ShutdownRequest): number;
  reset(onClose: () => void): number;
  close(onClose: () => void): void;
  setNoDelay(enable: boolean): number;
  getpeername(out: Address): number;
  getsockname(out: Address): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
}

/** What `net.Server` hands its own accept callback; replaced to receive bare handles. */
export interface ListenHandle {
  /** For the listener and, on Linux, all that it accepts. A negative errno where it fails. */
  setNoDelay(enable: boolean): number;
  /** Again, too: another queue of connections that wait to be accepted. A negative errno where it fails. */
  listen(backlog: number): number;
  onconnection: (this: unknown, status: number, client: TcpHandle | undefined) => void;
}

export interface TcpInternals {
  createHandle(): TcpHandle;
  createConnectRequest(): ConnectRequest;
  createShutdownRequest(): ShutdownRequest;
  /** `state[readResult]` during `onread`, `state[writeError]` right after a write that gave a request. */
  readonly state: Int32Array;
  readonly readResult: number;
  readonly writeError: number;
}

interface StreamBinding {
  readonly ShutdownWrap?: new () => ShutdownRequest;
  readonly kReadBytesOrError?: number;
  readonly kLastWriteErr?: number;
  readonly streamBaseState?: Int32Array;
}

interface TcpBinding {
  readonly TCP?: (new (kind: number) => TcpHandle) & { readonly prototype: object };
  readonly TCPConnectWrap?: new () => ConnectRequest;
  readonly constants?: { readonly SOCKET?: number };
}

const METHODS = [
  'useUserBuffer',
  'readStart',
  'readStop',
  'writeBuffer',
  'writeLatin1String',
  'shutdown',
  'reset',
  'close',
];

/** The runtime's own JavaScript uses the convention too: its text is the only place where it can be seen without a crash. */
function callsWithNullRequest(natives: Record<string, unknown>): boolean {
  const source = natives['internal/stream_base_commons'];
  return (
    typeof source === 'string' &&
    source.includes('handle.writeBuffer(null, data)') &&
    source.includes('req.writeStatus')
  );
}

function load(): TcpInternals | undefined {
  if (process.env['HOPCOST_PLAIN_SOCKETS'] === '1' || process.platform === 'win32') return undefined;
  const binding = (process as unknown as { binding?: (name: string) => unknown }).binding;
  if (typeof binding !== 'function') return undefined;
  try {
    if (!callsWithNullRequest(binding.call(process, 'natives') as Record<string, unknown>)) return undefined;
    const stream = binding.call(process, 'stream_wrap') as StreamBinding;
    const tcp = binding.call(process, 'tcp_wrap') as TcpBinding;
    const { ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteErr } = stream;
    const { TCP, TCPConnectWrap } = tcp;
    const kind = tcp.constants?.SOCKET;
    if (ShutdownWrap === undefined || !(streamBaseState instanceof Int32Array)) return undefined;
    if (kReadBytesOrError === undefined || kLastWriteErr === undefined) return undefined;
    if (TCP === undefined || TCPConnectWrap === undefined || kind === undefined) return undefined;
    if (!METHODS.every((name) => name in TCP.prototype)) return undefined;
    return {
      createHandle: () => new TCP(kind),
      createConnectRequest: () => new TCPConnectWrap(),
      createShutdownRequest: () => new ShutdownWrap(),
      state: streamBaseState,
      readResult: kReadBytesOrError,
      writeError: kLastWriteErr,
    };
  } catch {
    return undefined; // a permission model or a later runtime that withholds them
  }
}

/** Undefined: there are no handles here, use `net.Socket`. */
export const tcpInternals: TcpInternals | undefined = load();

/** The errno of a write whose request was made but failed at once, else 0. Only valid right after the write. */
export const lastWriteError = (): number => tcpInternals?.state[tcpInternals.writeError] ?? 0;

/** The handle of a server or a socket, which has none once it is closed. */
const below = (owner: object): object | undefined => (owner as { _handle?: object | null })._handle ?? undefined;

/** Of a server that listens. */
export function listenHandle(server: object): ListenHandle | undefined {
  const handle = below(server) as Partial<ListenHandle> | undefined;
  return tcpInternals !== undefined &&
    typeof handle?.onconnection === 'function' &&
    typeof handle.setNoDelay === 'function' &&
    typeof handle.listen === 'function'
    ? (handle as ListenHandle)
    : undefined;
}

/** Of an open socket, plain or TLS, that goes on reading by itself. */
export function writeHandle(socket: Socket): WriteHandle | undefined {
  const handle = below(socket) as Partial<WriteHandle> | undefined;
  return tcpInternals !== undefined && typeof handle?.writeBuffer === 'function' ? (handle as WriteHandle) : undefined;
}

/** Of a socket, plain or TLS, that nobody has read from yet. Its own reader is `onread`. */
export function readHandle(socket: Socket): TcpHandle | undefined {
  const handle = below(socket) as Partial<TcpHandle> | undefined;
  const isAsExpected =
    tcpInternals !== undefined &&
    socket.readableLength === 0 &&
    typeof handle?.useUserBuffer === 'function' &&
    typeof handle.onread === 'function';
  return isAsExpected ? (handle as TcpHandle) : undefined;
}

/** The socket that carries a TLS socket which was accepted; one that connected has none. */
export const parentOf = (socket: Socket): unknown =>
  (below(socket) as { readonly _parentWrap?: unknown } | undefined)?._parentWrap;
