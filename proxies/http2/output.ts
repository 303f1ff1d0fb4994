/** Bytes to be written, gathered in one growing buffer, which is borrowed for as long as there is something in it. */

const SMALLEST = 16_384;
/** Buffers that are kept for the next turn of any connection, and the largest of them. */
const MOST_SPARE = 16;
const LARGEST_SPARE = 256 * 1_024;
const NOTHING = Buffer.alloc(0);

const spare: Buffer[] = [];

export class Output {
  buffer: Buffer = NOTHING;
  length = 0;

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed > this.buffer.length) this.#grow(needed);
  }

  /** All that was gathered. The output begins anew; `release` takes the bytes back once nobody needs them any more. */
  take(): Buffer {
    const bytes = this.buffer.subarray(0, this.length);
    this.buffer = NOTHING;
    this.length = 0;
    return bytes;
  }

  #grow(needed: number): void {
    const held = this.buffer;
    const reused = held === NOTHING && needed <= SMALLEST ? spare.pop() : undefined;
    this.buffer = reused ?? Buffer.allocUnsafeSlow(Math.max(SMALLEST, needed, held.length * 2));
    held.copy(this.buffer, 0, 0, this.length);
    if (held !== NOTHING) keep(held);
  }
}

/** Of bytes that `take` gave. */
export function release(bytes: Buffer): void {
  keep(Buffer.from(bytes.buffer));
}

function keep(buffer: Buffer): void {
  if (spare.length < MOST_SPARE && buffer.length >= SMALLEST && buffer.length <= LARGEST_SPARE) spare.push(buffer);
}

/** `buffer.write(text, at, 'latin1')` without its argument handling. Room must be reserved. Gives the offset after the text. */
export function writeLatin1(buffer: Buffer, text: string, at: number): number {
  (buffer as Buffer & { latin1Write(text: string, at: number): number }).latin1Write(text, at);
  return at + text.length;
}
