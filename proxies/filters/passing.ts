/** Sides that pass everything on: what a filter's own side begins with. */
import type { FieldBlock } from '../http/field-block.ts';
import type { ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { ClientSide, ContentSide } from './contract.ts';

export class PassingContent<Side extends ContentSide = ContentSide> implements ContentSide {
  protected readonly next: Side;

  constructor(next: Side) {
    this.next = next;
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.next.sendBody(buffer, start, end);
  }

  sendText(text: string): void {
    this.next.sendText(text);
  }

  flush(): boolean {
    return this.next.flush();
  }

  sendEnd(trailers: FieldBlock): void {
    this.next.sendEnd(trailers);
  }
}

export class PassingClient extends PassingContent<ClientSide> implements ClientSide {
  inform(head: ResponseHead): boolean {
    return this.next.inform(head);
  }

  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    return this.next.respond(head, start, end, complete);
  }

  reply(reply: Reply): void {
    this.next.reply(reply);
  }
}

// For filters that work on content: all of it comes by `sendBody`.

export class BytesContent extends PassingContent {
  override sendText(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.sendBody(bytes, 0, bytes.length);
  }
}

export class BytesClient extends PassingClient {
  override respond(head: ResponseHead, start: number, end: number, _complete: boolean): boolean {
    const accepted = this.next.respond(head, start, start, false);
    return end > start ? this.sendBody(head.buffer, start, end) : accepted;
  }

  override sendText(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.sendBody(bytes, 0, bytes.length);
  }
}
