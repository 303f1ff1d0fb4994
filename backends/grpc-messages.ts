/** gRPC over HTTP/2: length-prefixed messages and deadlines (PROTOCOL-HTTP2.md of the gRPC project). */

/** One byte says whether it is compressed, four say how long it is. */
const PREFIX_BYTES = 5;

export function messageOf(text: string): Buffer {
  const message = Buffer.alloc(PREFIX_BYTES + text.length);
  message.writeUInt32BE(text.length, 1);
  message.write(text, PREFIX_BYTES, 'latin1');
  return message;
}

/** Counts messages that come in whatever pieces. */
export class MessageCounter {
  messages = 0;
  /** Of messages, prefixes aside. */
  bytes = 0;
  /** Of the prefix that is being read. */
  #prefix = 0;
  #length = 0;
  /** Bytes of the message that are still to come. */
  #left = 0;

  /** Nothing of a message is still to come. */
  get isWhole(): boolean {
    return this.#left === 0 && this.#prefix === 0;
  }

  add(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, end - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      // The first byte of the prefix is shifted out by the other four.
      this.#length = ((this.#length << 8) | buffer[at++]!) >>> 0;
      if (++this.#prefix < PREFIX_BYTES) continue;
      this.messages++;
      this.bytes += this.#length;
      this.#left = this.#length;
      this.#prefix = this.#length = 0;
    }
  }
}

const MILLIS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of a `grpc-timeout`: up to eight digits and a unit. Undefined: none, or none that can be read. */
export function timeoutOf(value: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(value ?? '') ?? [];
  return digits === undefined ? undefined : Math.min(2 ** 31 - 1, Number(digits) * MILLIS[unit!]!);
}
