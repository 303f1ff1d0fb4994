/**
 * The runtime's own TCP handle, below `net.Socket`. `net.Socket` cannot read accepted connections into a reused buffer and sends every small write through
 * the Writable machinery; together they cost a small relayed message more than the kernel does. This file alone knows the
 * names and the calling convention of what lies beneath, and says `undefined` wherever they are not exactly as expected:
 * the plain path of `socket-wire.ts` then serves instead. `HOPCOST_PLAIN_SOCKETS=1` forces that.
 *
 * The convention (Node 26): `handle.writeX(null, data)` gives a number, 0 or a negative errno, once everything has gone to
 * the kernel or failed, or else a write request, on which `oncomplete(status)` is called later and which must keep `data`
 * alive until then. `handle.onread` is called with the byte count or negative errno in `streamBaseState`.
 */
export interface WriteRequest {
  oncomplete: (status: number) => void;
  writeStatus: number | null;
}

export interface Address {
  address?: string;
  port?: number;
}

export interface TcpHandle {
  onread: ((this: TcpHandle) => Uint8Array | undefined) | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: null, data: Uint8Array): number | WriteRequest;
  writeLatin1String(request: null, text: string): number | WriteRequest;
  shutdown(request: { oncomplete: (status: number) => void }): number;
  reset(onClose: () => void): number;
  close(onClose: () => void): void;
  setNoDelay(enable: boolean): number;
  getpeername(out: Address): number;
  getsockname(out: Address): number;
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
}

interface ConnectRequest {
  oncomplete: (status: number) => void;
}

export interface TcpInternals {
  createHandle(): TcpHandle;
  createConnectRequest(): ConnectRequest;
  createShutdownRequest(): { oncomplete: (status: number) => void };
  /** `state[readResult]` during `onread`, `state[writeError]` after a write that gave a request. */
  readonly state: Int32Array;
  readonly readResult: number;
  readonly writeError: number;
}

interface StreamBinding {
  readonly ShutdownWrap?: new () => { oncomplete: (status: number) => void };
  readonly kReadBytesOrError?: number;
  readonly kLastWriteErr?: number;
  readonly streamBaseState?: Int32Array;
}

interface TcpBinding {
  readonly TCP?: (new (kind: number) => TcpHandle) & { readonly prototype: object };
  readonly TCPConnectWrap?: new () => ConnectRequest;
  readonly constants?: { readonly SOCKET?: number };
}

const methods = [
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
    typeof source === 'string' && source.includes('handle.writeBuffer(null, data)') && source.includes('writeStatus')
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
    if (!methods.every((name) => name in TCP.prototype)) return undefined;
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

export const tcpInternals: TcpInternals | undefined = load();

/** What `net.Server` hands its own accept callback; replaced to receive bare handles. */
export interface ListenHandle {
  onconnection: (this: unknown, status: number, client: TcpHandle | undefined) => void;
}

/** The listening handle of a server that listens, where it is what it is expected to be. */
export function listenHandle(server: object): ListenHandle | undefined {
  const handle = (server as { _handle?: unknown })._handle;
  if (typeof handle !== 'object' || handle === null) return undefined;
  return typeof (handle as Partial<ListenHandle>).onconnection === 'function' ? (handle as ListenHandle) : undefined;
}
