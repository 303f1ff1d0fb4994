/** Around what filters made of a side: what they throw fails their own exchange, and goes no further. */
import type { ClientSide, ContentSide } from '../filters/contract.ts';
import type { FieldBlock } from '../http/field-block.ts';
import type { ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';

export interface Failing {
  fail(error: unknown): void;
}

export class GuardedContent<Side extends ContentSide = ContentSide> implements ContentSide {
  /** May be decorated further. */
  side: Side;
  protected readonly exchange: Failing;

  constructor(side: Side, exchange: Failing) {
    this.side = side;
    this.exchange = exchange;
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    try {
      return this.side.sendBody(buffer, start, end);
    } catch (error) {
      this.exchange.fail(error);
      return true;
    }
  }

  sendText(text: string): void {
    try {
      this.side.sendText(text);
    } catch (error) {
      this.exchange.fail(error);
    }
  }

  flush(): boolean {
    try {
      return this.side.flush();
    } catch (error) {
      this.exchange.fail(error);
      return true;
    }
  }

  sendEnd(trailers: FieldBlock): void {
    try {
      this.side.sendEnd(trailers);
    } catch (error) {
      this.exchange.fail(error);
    }
  }
}

export class GuardedClient extends GuardedContent<ClientSide> implements ClientSide {
  inform(head: ResponseHead): boolean {
    try {
      return this.side.inform(head);
    } catch (error) {
      this.exchange.fail(error);
      return true;
    }
  }

  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    try {
      return this.side.respond(head, start, end, complete);
    } catch (error) {
      this.exchange.fail(error);
      return true;
    }
  }

  reply(reply: Reply): void {
    try {
      this.side.reply(reply);
    } catch (error) {
      this.exchange.fail(error);
    }
  }
}
