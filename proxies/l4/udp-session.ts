/**
 * What passes between one client and one endpoint: a connected socket of its own towards the endpoint, so that the kernel
 * delivers only that endpoint's datagrams to it, and they go to this client and no other.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type AddressInfo, isIP } from 'node:net';
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { lookupOne } from '../net/resolver.ts';
import { tellFault } from '../platform/notices.ts';
import { connectReason, type Reason } from '../stats/reasons.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';

export interface UdpSessionOwner {
  reply(session: UdpSession, datagram: Buffer): void;
  /** Once, last. `failure` ended it; undefined where nothing passed for long enough. */
  onSessionEnd(session: UdpSession, failure: UdpFailure | undefined): void;
}

export interface UdpFailure {
  readonly reason: Reason;
  /** The system's code, or what it says. */
  readonly error: string;
}

/** Datagrams that wait for the socket to be ready; UDP may lose what is beyond. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 65_536;

export class UdpSession implements TimerOwner {
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly endpoint: ClusterEndpoint;
  readonly startedAt = performance.now();
  bytesReceived = 0;
  bytesSent = 0;
  /** Datagrams of the client that went nowhere. */
  dropped = 0;
  readonly #owner: UdpSessionOwner;
  readonly #idleMs: number;
  readonly #timer = new Timer(this);
  readonly #socket: Socket;
  #waiting: Buffer[] | undefined = [];
  #waitingBytes = 0;
  #peer: AddressInfo | undefined;
  #open = true;

  constructor(
    client: { readonly key: string; readonly address: string; readonly port: number },
    endpoint: ClusterEndpoint,
    idleMs: number,
    owner: UdpSessionOwner,
  ) {
    this.key = client.key;
    this.address = client.address;
    this.port = client.port;
    this.endpoint = endpoint;
    this.#owner = owner;
    this.#idleMs = idleMs;
    this.#socket = createSocket({ type: isIP(endpoint.host) === 6 ? 'udp6' : 'udp4', lookup: lookupOne });
    this.#socket.on('message', (datagram, from) => this.#guard(() => this.#onReply(datagram, from)));
    // ECONNREFUSED and the like: nobody is there. The client's next datagram starts a new session, elsewhere if there is choice.
    this.#socket.on('error', (error) => this.#fail(error));
    // The runtime hands the callback what it would emit without one: a name that does not resolve, an address that is not routed.
    this.#socket.connect(endpoint.port, endpoint.host, (error?: Error) => this.#guard(() => this.#onConnected(error)));
    this.#timer.arm(idleMs);
  }

  send(datagram: Buffer): void {
    this.#timer.arm(this.#idleMs);
    this.bytesReceived += datagram.length;
    if (this.#waiting === undefined) this.#socket.send(datagram);
    else if (this.#waiting.length < MAX_WAITING && this.#waitingBytes + datagram.length <= MAX_WAITING_BYTES) {
      this.#waiting.push(datagram);
      this.#waitingBytes += datagram.length;
    } else this.dropped++;
  }

  onTimeout(): void {
    this.end(undefined);
  }

  end(failure: UdpFailure | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.dropped += this.#waiting?.length ?? 0;
    this.#timer.release();
    this.#socket.close();
    this.#owner.onSessionEnd(this, failure);
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.end({ reason: connectReason(error), error: error.code ?? error.message });
  }

  /** What fails costs this session and no other. */
  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      tellFault(error);
      this.end({ reason: 'internal_error', error: String(error) });
    }
  }

  #onConnected(error: Error | undefined): void {
    if (!this.#open) return;
    if (error) return this.#fail(error);
    this.#peer = this.#socket.remoteAddress();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const datagram of waiting) this.#socket.send(datagram);
  }

  #onReply(datagram: Buffer, from: RemoteInfo): void {
    // Between its binding and its connecting the socket takes what anybody sends.
    if (from.port !== this.#peer?.port || from.address !== this.#peer.address) return;
    this.#timer.arm(this.#idleMs);
    this.bytesSent += datagram.length;
    this.#owner.reply(this, datagram);
  }
}
