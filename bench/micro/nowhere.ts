/** A wire that leads nowhere: the code on both of its sides runs as over a socket, and the kernel is left out. */
import type { Wire, WireHandler } from '#proxies/net/wire.ts';

const unowned: WireHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

const nothing = (): void => {};

export class NowhereWire implements Wire {
  handler: WireHandler = unowned;
  /** Grows with all that is written, so that no write can be optimised away. */
  written = 0;
  /** Called with each text that is written. */
  onText: () => void = nothing;
  open = true;
  readonly pending = 0;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 40_000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 38_080;

  write(chunk: Buffer): boolean {
    this.written += chunk.length;
    return true;
  }

  /** Looks at the last octet: as a socket does, it makes one text of the pieces that it was put together from. */
  writeLatin1(text: string): boolean {
    this.written += text.length + text.charCodeAt(text.length - 1);
    this.onText();
    return true;
  }

  end(): boolean {
    return true;
  }
  reset(): void {}
  destroy(): void {}
  pause(): void {}
  resume(): void {}
}
