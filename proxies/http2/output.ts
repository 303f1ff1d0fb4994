/** Bytes to be written, gathered in one growing buffer. */

const SMALLEST = 4_096;

export class Output {
  buffer: Buffer = Buffer.allocUnsafeSlow(SMALLEST);
  length = 0;

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

/** `buffer.write(text, at, 'latin1')` without its argument handling. Room must be reserved. Gives the offset after the text. */
export function writeLatin1(buffer: Buffer, text: string, at: number): number {
  (buffer as Buffer & { latin1Write(text: string, at: number): number }).latin1Write(text, at);
  return at + text.length;
}
