/**
 * Requests and answers that go round on loopback within this process. A request takes the two writes and two reads that it takes at a
 * hop, with the event loop around them; what a proxy would do with it may be put in their place.
 */
import type { Wire, WireHandler } from '#proxies/net/wire.ts';
import { connectWire } from '#proxies/net/connect.ts';
import { listenWires } from '#proxies/net/listen.ts';
import { ANSWER, REQUEST } from './messages.ts';

/** What is done with the message that a lane has read, before the next write. */
export type OnMessage = (lane: number, octets: Buffer) => void;

const CONNECT_TIMEOUT = 5_000;

export class Ring implements AsyncDisposable {
  readonly #scope: AsyncDisposable;
  readonly #clients: readonly Wire[];
  #left = 0;
  #unanswered = 0;
  #onRequest: OnMessage = () => {};
  #onAnswer: OnMessage = () => {};
  #done = Promise.withResolvers<void>();

  private constructor(scope: AsyncDisposable, pairs: readonly (readonly [client: Wire, server: Wire])[]) {
    this.#scope = scope;
    this.#clients = pairs.map(([client]) => client);
    for (const [lane, [client, server]] of pairs.entries()) {
      client.handler = this.#reader(ANSWER.length, (octets) => this.#answered(lane, octets));
      server.handler = this.#reader(REQUEST.length, (octets) => {
        this.#onRequest(lane, octets);
        server.write(ANSWER);
      });
      client.resume();
      server.resume();
    }
  }

  static async open(lanes: number): Promise<Ring> {
    await using scope = new AsyncDisposableStack();
    let accepted = Promise.withResolvers<Wire>();
    const listener = scope.use(await listenWires({ host: '127.0.0.1', port: 0 }, (wire) => accepted.resolve(wire)));
    const pairs: (readonly [Wire, Wire])[] = [];
    scope.defer(() => {
      for (const wire of pairs.flat()) wire.destroy();
    });
    // One after the other, so that both ends of a connection are known for what they are.
    for (let lane = 0; lane < lanes; lane++) {
      accepted = Promise.withResolvers<Wire>();
      const client = await new Promise<Wire>((resolve, reject) => {
        const early = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
        connectWire(
          listener.address,
          { ...early, onConnect: resolve, onConnectError: reject },
          { timeout: CONNECT_TIMEOUT },
        );
      });
      pairs.push([client, await accepted.promise]);
    }
    return new Ring(scope.move(), pairs);
  }

  /** Resolves when so many requests have been answered. One run at a time. Rejects when a connection ends or a message comes in pieces. */
  async run(requests: number, onRequest: OnMessage, onAnswer: OnMessage): Promise<void> {
    this.#onRequest = onRequest;
    this.#onAnswer = onAnswer;
    this.#done = Promise.withResolvers<void>();
    this.#unanswered = requests;
    this.#left = requests - Math.min(requests, this.#clients.length);
    for (const client of this.#clients.slice(0, requests)) client.write(REQUEST);
    await this.#done.promise;
  }

  #answered(lane: number, octets: Buffer): void {
    this.#onAnswer(lane, octets);
    this.#unanswered--;
    if (this.#left > 0) {
      this.#left--;
      this.#clients[lane]!.write(REQUEST);
    } else if (this.#unanswered === 0) this.#done.resolve();
  }

  #reader(length: number, onMessage: (octets: Buffer) => void): WireHandler {
    const fail = (what: string): void => this.#done.reject(new Error(`a ring of connections on loopback: ${what}`));
    return {
      onData: (octets) =>
        octets.length === length ? onMessage(octets) : fail(`${octets.length} octets at once instead of ${length}`),
      onEnd: () => fail('a connection ended'),
      onDrain() {},
      onClose: () => fail('a connection was closed'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#done.promise.catch(() => {}); // its connections close now
    await this.#scope[Symbol.asyncDispose]();
  }
}
