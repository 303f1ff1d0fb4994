/** As many octets as the other side will take, and how many that were when it takes no more. */
import type { Socket } from 'node:net';
import { readIfThere } from '#proxies/platform/read-if-there.ts';
import type { Bench } from '../bench.ts';
import { Violation } from '../violation.ts';

const chunk = Buffer.alloc(64 * 1024, 'x');

const MIB = 1024 * 1024;

/** Largest automatic buffer of the kernel; its own defaults where it does not say. */
const largest = (name: 'tcp_rmem' | 'tcp_wmem'): number =>
  Number(readIfThere(`/proc/sys/net/ipv4/${name}`)?.trim().split(/\s+/).at(-1) ?? 6 * MIB);

/** What the kernel may hold on two connections, and some for the proxy. */
const IN_FLIGHT = 2 * (largest('tcp_rmem') + largest('tcp_wmem')) + 4 * MIB;
/** Round trips without progress after which the flood counts as standing. */
const STILL = 25;

export class Flood {
  readonly #socket: Socket;
  readonly #length: number;
  readonly #piece: Buffer;
  #written = 0;

  /** Starts at once. `length`: bytes in all, `piece` for `piece`. */
  constructor(socket: Socket, length: number, piece: Buffer = chunk) {
    this.#socket = socket;
    this.#length = length;
    this.#piece = piece;
    socket.on('drain', () => this.#pump());
    this.#pump();
  }

  /** Octets that the kernel took. */
  get taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #pump(): void {
    while (this.#written < this.#length && !this.#socket.destroyed) {
      this.#written += this.#piece.length;
      if (!this.#socket.write(this.#piece)) return;
    }
  }

  /** Once nothing has moved over many round trips through the proxy; a violation where more than `most` went in. */
  async standstill(bench: Bench, most = IN_FLIGHT): Promise<void> {
    for (let still = 0, last = this.taken; still < STILL; still++) {
      await bench.fence();
      if (this.taken > last) still = 0;
      last = this.taken;
      if (last > most)
        throw new Violation('a stalled reader', `at most ${most} octets taken`, `${last} of ${this.#length} taken`);
    }
  }
}
