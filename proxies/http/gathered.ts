/** Octets of a head that came in pieces. Grows by doubling; asks for a new scan only when there is a line to see. */
import { LF } from './octets.ts';

export class Gathered {
  buffer: Buffer;
  length = 0;

  constructor(first: Buffer) {
    this.buffer = Buffer.allocUnsafe(Math.max(512, first.length * 2));
    this.append(first);
  }

  /** Whether a scan can find more than the last one did: every scan stops at the last whole line. */
  append(chunk: Buffer): boolean {
    const length = this.length + chunk.length;
    if (length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.length);
    this.length = length;
    return chunk.includes(LF);
  }
}
