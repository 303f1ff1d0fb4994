/**
 * The memory that connections read into. All idle and chatty connections of an event loop share one buffer, since a chunk
 * is consumed within the callback that delivers it. A connection that moves bulk is lent a buffer of its own, so that a
 * chunk the receiving side could not send at once can stay where it is instead of being copied.
 */
export const READ_BUFFER_SIZE = 65_536;
const KEPT_WHEN_FREE = 64;

export class ReadBuffer {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);
  readonly memory: ArrayBufferLike = this.bytes.buffer;
  /** Writes under way that point into it. */
  holds = 0;
  /** A connection reads into it. */
  lent = false;
}

const free: ReadBuffer[] = [];

export const sharedBuffer: ReadBuffer = new ReadBuffer();

export function lendBuffer(): ReadBuffer {
  const buffer = free.pop() ?? new ReadBuffer();
  buffer.lent = true;
  return buffer;
}

/** The connection reads elsewhere from now on. */
export function returnBuffer(buffer: ReadBuffer): void {
  buffer.lent = false;
  recycle(buffer);
}

export function releaseHold(buffer: ReadBuffer): void {
  buffer.holds--;
  recycle(buffer);
}

function recycle(buffer: ReadBuffer): void {
  if (!buffer.lent && buffer.holds === 0 && free.length < KEPT_WHEN_FREE) free.push(buffer);
}
