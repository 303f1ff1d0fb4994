/**
 * What passes between one client and one endpoint: a connected socket of its own towards the endpoint, so that the kernel
 * delivers only that endpoint's datagrams to it, and they go to this client and no other.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type AddressInfo, isIP } from 'node:net';
import type { ClusterEndpoint } from '../cluster/balancer.ts';
import { lookupOne } from '../net/resolver.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';

export interface UdpSessionOwner {
  reply(session: UdpSession, datagram: Buffer): void;
  /** Once, last. */
  onSessionEnd(session: UdpSession, error: string | undefined): void;
}

/** Datagrams that wait for the socket to be ready; UDP may lose what is beyond. */
const maxWaiting = 64;

export class UdpSession implements TimerOwner {
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly endpoint: ClusterEndpoint;
  readonly startedAt = performance.now();
  bytesReceived = 0;
  bytesSent = 0;
  readonly #owner: UdpSessionOwner;
  readonly #idleMs: number;
  readonly #timer = new Timer(this);
  readonly #socket: Socket;
  #waiting: Buffer[] | undefined = [];
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
    this.#socket.on('message', (datagram, from) => this.#onReply(datagram, from));
    // ECONNREFUSED and the like: nobody is there. The client's next datagram starts a new session, elsewhere if there is choice.
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.end(error.code ?? error.message));
    this.#socket.connect(endpoint.port, endpoint.host, () => this.#onConnected());
    this.#timer.arm(idleMs);
  }

  send(datagram: Buffer): void {
    this.#timer.arm(this.#idleMs);
    this.bytesReceived += datagram.length;
    if (this.#waiting === undefined) this.#socket.send(datagram);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(datagram);
  }

  onTimeout(): void {
    this.end(undefined);
  }

  end(error: string | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer.release();
    this.#socket.close();
    this.#owner.onSessionEnd(this, error);
  }

  #onConnected(): void {
    if (!this.#open) return;
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
