/** The other end of a connection of HTTP/2 as a test wants it: frames out as they are, frames in as they come. No rule is kept. */
import type { Socket } from 'node:net';
import { frame, framesOf, type ReadFrame } from './frame-bytes.ts';
import { PREFACE_BYTES } from './recorder.ts';

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const GOAWAY = 7;
export const END_STREAM = 1;
export const END_HEADERS = 4;

export class RawPeer {
  readonly socket: Socket;
  readonly frames: ReadFrame[] = [];
  closed = false;
  #rest = Buffer.alloc(0);
  /** Of the client's preface that is still to come. */
  #preface: number;
  #waiting: (() => void)[] = [];

  /** Says its part of the preface at once. */
  constructor(role: 'client' | 'server', socket: Socket, settings = '') {
    this.socket = socket;
    this.#preface = role === 'server' ? PREFACE_BYTES.length : 0;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    if (role === 'client') socket.write(PREFACE_BYTES);
    this.send(frame(SETTINGS, 0, 0, settings), frame(SETTINGS, 1, 0));
  }

  #take(bytes: Buffer): void {
    const skipped = Math.min(this.#preface, bytes.length);
    this.#preface -= skipped;
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(skipped)]);
    const frames = framesOf(this.#rest);
    this.#rest = this.#rest.subarray(frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0));
    this.frames.push(...frames);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The first frame that `matches`, those that came already included. */
  async sees(matches: (frame: ReadFrame) => boolean): Promise<ReadFrame> {
    for (let at = 0; ;) {
      for (; at < this.frames.length; at++) if (matches(this.frames[at]!)) return this.frames[at]!;
      if (this.closed) throw new Error('closed before the frame that was waited for came');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
