/** What a filter is, and what it sees of an exchange. */
import type { FieldBlock } from '../http/field-block.ts';
import type { ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';

/** Where a body goes, on either side of an exchange. */
export interface ContentSide {
  /** Content, valid during the call. False: it has a backlog, and more is to wait until its end is told. */
  sendBody(buffer: Buffer, start: number, end: number): boolean;
  /** Content of several small pieces, one character a byte. Held until `flush` or the end. */
  sendText(text: string): void;
  /** Passes on what is held. False: as `sendBody`. */
  flush(): boolean;
  /** The message is complete. */
  sendEnd(trailers: FieldBlock): void;
}

/** Where the response goes. Heads are valid during the call, as their content is. */
export interface ClientSide extends ContentSide {
  /** A 1xx other than 101; any number of them, before `respond`. False: as `sendBody`. */
  inform(head: ResponseHead): boolean;
  /**
   * The final head, with the content that came with it, `start` to `end` of its buffer. `complete`: the end follows at once. False: as
   * `sendBody`.
   */
  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean;
  /** An answer of our own, whole: in place of `respond` and all that would follow it. */
  reply(reply: Reply): void;
}
