/** Ping-pong: each connection's every message is its own, so that an echo of another, or an old one, is seen. */
import { randomFillSync } from 'node:crypto';
import type { Fault } from '../recorder.ts';
import type { Dialogue } from '../slot.ts';

const COUNTER_BYTES = 4;
const DIFFERENT: Fault = { kind: 'body', message: 'the echo differs from what was sent' };
const TOO_LONG: Fault = { kind: 'framing', message: 'more bytes came back than were sent' };

export class EchoDialogue implements Dialogue {
  readonly request: Buffer;
  readonly reusable = true;
  fault: Fault | undefined;
  #received = 0;
  #turn = 0;

  constructor(messageBytes: number) {
    this.request = randomFillSync(Buffer.allocUnsafeSlow(messageBytes));
  }

  begin(): void {
    this.fault = undefined;
    this.#received = 0;
    this.#turn = (this.#turn + 1) >>> 0;
    if (this.request.length >= COUNTER_BYTES) this.request.writeUInt32BE(this.#turn);
    else this.request.fill(this.#turn & 0xff);
  }

  read(bytes: Buffer, length: number): boolean {
    const { request } = this;
    const end = this.#received + length;
    if (end > request.length) this.fault = TOO_LONG;
    else if (bytes.compare(request, this.#received, end, 0, length) !== 0) this.fault = DIFFERENT;
    this.#received = end;
    return end >= request.length;
  }

  end(): boolean {
    return false;
  }
}
