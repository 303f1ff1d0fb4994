/** Keeps what has come of a request's content, so that a filter can look at all of it before any goes on. */
import type { ContentSide } from '../filters/contract.ts';
import { type FieldBlock, NO_FIELDS } from '../http/field-block.ts';

export class BodyCollector implements ContentSide {
  complete: boolean;
  trailers = NO_FIELDS;
  #pieces: Buffer[];
  #size: number;
  #most = 0;
  #settle: ((content: Buffer | undefined) => void) | undefined;

  /** Keeps `content` as it is. `complete`: there is no more. */
  constructor(content: Buffer, complete: boolean) {
    this.complete = complete;
    this.#pieces = [content];
    this.#size = content.length;
  }

  /** Somebody waits for more. */
  get awaited(): boolean {
    return this.#settle !== undefined;
  }

  content(): Buffer {
    const [first, ...more] = this.#pieces;
    return more.length === 0 ? first! : Buffer.concat(this.#pieces);
  }

  /** All of it, once it is there; undefined once it is more than `most` bytes. */
  upTo(most: number): Promise<Buffer | undefined> {
    this.#most = most;
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    this.#settle = resolve;
    this.#look();
    return promise;
  }

  replace(content: Buffer): void {
    this.#pieces = [content];
    this.#size = content.length;
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#add(Buffer.from(buffer.subarray(start, end)));
  }

  sendText(text: string): void {
    this.#add(Buffer.from(text, 'latin1'));
  }

  flush(): boolean {
    return this.awaited;
  }

  sendEnd(trailers: FieldBlock): void {
    this.complete = true;
    this.trailers = trailers;
    this.#look();
  }

  #add(piece: Buffer): boolean {
    this.#pieces.push(piece);
    this.#size += piece.length;
    this.#look();
    return this.awaited;
  }

  #look(): void {
    const isOver = this.#size > this.#most;
    if (!isOver && !this.complete) return;
    this.#settle?.(isOver ? undefined : this.content());
    this.#settle = undefined;
  }
}
