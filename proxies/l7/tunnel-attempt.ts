/** A connection that is being opened for a CONNECT request. */
import type { Endpoint } from '../config/intent.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import type { Dial } from './service.ts';

export interface TunnelOwner {
  onTunnelOpen(wire: Wire): void;
  /** 403: the rules do not let it through to where its name leads. */
  onTunnelFailure(status: 403 | 502 | 504): void;
}

export class TunnelAttempt implements ConnectHandler {
  readonly #owner: TunnelOwner;
  readonly #connecting: Connecting;

  constructor(dial: Dial, endpoint: Endpoint, timeout: number, owner: TunnelOwner) {
    this.#owner = owner;
    this.#connecting = dial(endpoint, this, timeout);
  }

  abandon(): void {
    this.#connecting.abandon();
  }

  onConnect(wire: Wire): void {
    this.#owner.onTunnelOpen(wire);
  }

  onConnectError({ code }: NodeJS.ErrnoException): void {
    this.#owner.onTunnelFailure(code === 'EACCES' ? 403 : code === 'ETIMEDOUT' ? 504 : 502);
  }

  // The owner gives the wire another handler before it is read.
  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}
