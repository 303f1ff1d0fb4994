/** Gathers the fragments of one header block (RFC 9113 §4.3), within a bound: what is beyond cannot be decoded any more. */
import { ENHANCE_YOUR_CALM, Http2Error } from './errors.ts';

export class HeaderBlock {
  streamId = 0;
  /** The flag of the HEADERS frame. */
  isEnd = false;
  dependsOnItself = false;
  /** When its first frame came, while the last has not. */
  openedAt: number | undefined;
  buffer: Buffer = Buffer.alloc(0);
  length = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  append(fragment: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.#most) throw new Http2Error(ENHANCE_YOUR_CALM, `a header block of more than ${this.#most} bytes`);
    if (length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    fragment.copy(this.buffer, this.length, start, end);
    this.length = length;
  }

  close(): void {
    this.openedAt = undefined;
    this.length = 0;
    this.buffer = Buffer.alloc(0);
  }
}
