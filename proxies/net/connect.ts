/** Opens a wire to an endpoint: by address at once, by name after resolution, one address after the other. */
import { connect, isIP } from 'node:net';
import type { Endpoint } from '../config/intent.ts';
import { tellFault } from '../platform/notices.ts';
import { systemError } from '../platform/system-error.ts';
import { tcpInternals, type TcpHandle, type TcpInternals } from '../platform/tcp-handle.ts';
import { HandleWire } from './handle-wire.ts';
import { type Resolve, resolveName } from './resolver.ts';
import { guarded, SocketWire } from './socket-wire.ts';
import { Timer } from './timer.ts';
import type { ConnectHandler, Connecting, ConnectOptions, Wire } from './wire.ts';

/** Gives `onConnect` a paused wire whose handler is `handler`, or calls `onConnectError`; neither within this call. */
export function connectWire(endpoint: Endpoint, handler: ConnectHandler, options: ConnectOptions): Connecting {
  return new Attempt(endpoint, handler, options);
}

class Attempt implements Connecting {
  readonly #port: number;
  readonly #handler: ConnectHandler;
  readonly #permits: (address: string) => boolean;
  readonly #lookUp: Resolve;
  readonly #timer = new Timer(this);
  #cancel: (() => void) | undefined; // of the address that is being tried
  #done = false;

  constructor(endpoint: Endpoint, handler: ConnectHandler, options: ConnectOptions) {
    this.#port = endpoint.port;
    this.#handler = handler;
    this.#permits = options.permits ?? (() => true);
    this.#lookUp = options.resolve ?? resolveName;
    this.#timer.arm(options.timeout);
    if (isIP(endpoint.host) !== 0 && this.#permits(endpoint.host)) this.#try([endpoint.host], 0);
    else void this.#resolve(endpoint.host);
  }

  abandon(): void {
    if (this.#done) return;
    this.#finish();
    this.#cancel?.();
  }

  onTimeout(): void {
    this.#cancel?.();
    const error = new Error(`connect ETIMEDOUT port ${this.#port}`);
    this.#fail(Object.assign(error, { code: 'ETIMEDOUT', syscall: 'connect' }));
  }

  async #resolve(host: string): Promise<void> {
    try {
      const found = await this.#lookUp(host);
      if (this.#done) return;
      const addresses = found.filter(this.#permits);
      if (addresses.length > 0) this.#try(addresses, 0);
      else this.#fail(Object.assign(new Error(`connect EACCES ${host}`), { code: 'EACCES', syscall: 'connect' }));
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  #try(addresses: readonly string[], index: number): void {
    const address = addresses[index]!;
    const failed = (error: NodeJS.ErrnoException): void => {
      if (this.#done) return;
      if (index + 1 < addresses.length) this.#try(addresses, index + 1);
      else this.#fail(error);
    };
    if (tcpInternals === undefined) this.#trySocket(address, failed);
    else this.#tryHandle(tcpInternals, address, failed);
  }

  #tryHandle(internals: TcpInternals, address: string, failed: (error: NodeJS.ErrnoException) => void): void {
    const handle: TcpHandle = internals.createHandle();
    const request = internals.createConnectRequest();
    const close = (): void => handle.close(() => {});
    request.oncomplete = (status) => {
      if (this.#done) return; // abandoned, and closed by that
      if (status < 0) {
        close();
        failed(systemError(status, 'connect'));
        return;
      }
      handle.setNoDelay(true);
      this.#connected(new HandleWire(handle, this.#handler));
    };
    this.#cancel = close;
    const v6 = address.includes(':');
    const status = v6 ? handle.connect6(request, address, this.#port) : handle.connect(request, address, this.#port);
    if (status < 0) queueMicrotask(() => request.oncomplete(status));
  }

  #trySocket(host: string, failed: (error: NodeJS.ErrnoException) => void): void {
    const socket = connect({ host, port: this.#port, allowHalfOpen: true, noDelay: true });
    this.#cancel = () => socket.destroy();
    const onError = (error: NodeJS.ErrnoException): void => failed(error);
    socket.once('error', onError);
    socket.once('connect', () => {
      if (this.#done) return;
      socket.off('error', onError);
      this.#connected(new SocketWire(socket, this.#handler));
    });
  }

  #connected(wire: Wire): void {
    this.#finish();
    guarded(wire, () => this.#handler.onConnect(wire));
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#done) return;
    this.#finish();
    refuse(this.#handler, error);
  }

  #finish(): void {
    this.#done = true;
    this.#timer.release();
  }
}

/** Tells a handler that there will be no connection. What it throws is told, and goes no further. */
export function refuse(handler: ConnectHandler, error: NodeJS.ErrnoException): void {
  try {
    handler.onConnectError(error);
  } catch (fault) {
    tellFault(fault);
  }
}
