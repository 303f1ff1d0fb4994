/** What `http-echo` keeps of the connections that it had, whatever the version of HTTP. */

/** A request as node's own HTTP/2 read it, which shares nothing with ours. */
export interface RecordedMessage {
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Latin-1: one character a byte. Cut at `MAX_RECORDED_BYTES`. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** Ended; or reset, with the code of RST_STREAM. */
  readonly state: 'open' | 'ended' | `reset ${number}`;
}

export interface Recorded {
  readonly connection: number;
  /** Latin-1: one character a byte. Cut at `MAX_RECORDED_BYTES`, `bytes` is the true count. */
  readonly raw: string;
  readonly bytes: number;
  readonly requests: number;
  /** How the connection stands: still open, ended by the peer's FIN, gone, or refused as no HTTP. */
  readonly state: 'open' | 'ended' | 'closed' | 'malformed';
  /** Of a connection of HTTP/2. */
  readonly messages?: readonly RecordedMessage[];
}

export interface Recording {
  /** It was asked for the records themselves, and is not part of them. */
  readonly isPrivate: boolean;
  recorded(): Recorded;
}

export const MAX_RECORDED_BYTES = 4 * 1024 * 1024;
const MAX_RECORDED_CONNECTIONS = 10_000;

export class Recorder {
  requests = 0;
  readonly nonce: string;
  #recordings: Recording[] = [];
  #accepted = 0;

  constructor(nonce: string) {
    this.nonce = nonce;
  }

  /** `make` gets the number of the connection. */
  accept<T extends Recording>(make: (connection: number) => T): T {
    const recording = make(this.#accepted++);
    if (this.#recordings.length < MAX_RECORDED_CONNECTIONS) this.#recordings.push(recording);
    return recording;
  }

  recorded(): Recorded[] {
    return this.#recordings.filter(({ isPrivate }) => !isPrivate).map((recording) => recording.recorded());
  }

  forget(): void {
    this.#recordings = [];
  }
}

/** The bytes of one connection. */
export class RawBytes {
  total = 0;
  #kept = 0;
  readonly #chunks: Buffer[] = [];

  add(chunk: Buffer): void {
    this.total += chunk.length;
    if (this.#kept >= MAX_RECORDED_BYTES) return;
    const kept = Buffer.from(chunk.subarray(0, MAX_RECORDED_BYTES - this.#kept));
    this.#kept += kept.length;
    this.#chunks.push(kept);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }
}
