/** `http-fixed` over HTTP/2. Requests wait for nothing but their own delay. */
import { FieldSection } from '#proxies/http2/field-section.ts';
import type { Http2Handler } from '#proxies/http2/handler.ts';
import type { MessageHead } from '#proxies/http2/message.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import { Answer, type Answers, BLOCK } from './fixed-answers.ts';
import { Http2Wire } from './http2-wire.ts';
import type { Stream } from './stream.ts';

interface Exchange {
  readonly method: string;
  readonly target: string;
  answer: Answer | undefined;
  /** Bytes of its body that were sent. */
  sent: number;
  takeBack: (() => void) | undefined;
}

const CONTINUE = FieldSection.of([[':status', '100']]);

class FixedHandler implements Http2Handler<Exchange> {
  readonly #wire: Http2Wire<Exchange>;
  readonly #answers: Answers;

  constructor(wire: Http2Wire<Exchange>, answers: Answers) {
    this.#wire = wire;
    this.#answers = answers;
  }

  onHeaders(stream: Http2Stream<Exchange>, { method, path, section }: MessageHead, isEnd: boolean): void {
    stream.owner = { method, target: path, answer: undefined, sent: 0, takeBack: undefined };
    if (isEnd) this.#serve(stream);
    else if (section.get('expect') !== undefined) this.#wire.connection.sendHeaders(stream, CONTINUE, false);
  }

  onData(stream: Http2Stream<Exchange>, _buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.#wire.connection.consume(stream, end - start);
    if (isEnd) this.#serve(stream);
  }

  onTrailers(stream: Http2Stream<Exchange>): void {
    this.#serve(stream);
  }

  onWritable(stream: Http2Stream<Exchange>): void {
    const exchange = stream.owner!;
    const { body, rest } = exchange.answer!;
    const total = body.length + rest;
    for (;;) {
      const left = total - exchange.sent;
      const isFirst = exchange.sent < body.length;
      const from = isFirst ? exchange.sent : (exchange.sent - body.length) % BLOCK.length;
      const bytes = isFirst ? body : BLOCK;
      const to = Math.min(bytes.length, from + left);
      const taken = this.#wire.connection.sendData(stream, bytes, from, to, to - from === left);
      exchange.sent += taken;
      if (taken < to - from || taken === left) return;
    }
  }

  onClose(stream: Http2Stream<Exchange>): void {
    stream.owner?.takeBack?.();
  }

  onOutput(): void {
    this.#wire.schedule();
  }

  onDrained(): void {
    this.#wire.end();
  }

  onFailure(): void {
    this.#wire.end();
  }

  #serve(stream: Http2Stream<Exchange>): void {
    const exchange = stream.owner!;
    this.#answers.requests++;
    const answer = this.#answers.answer(exchange.method, exchange.target);
    if (answer instanceof Answer) return this.#send(stream, answer);
    exchange.takeBack = this.#answers.wait(answer, (due) => {
      exchange.takeBack = undefined;
      this.#send(stream, due);
    });
  }

  #send(stream: Http2Stream<Exchange>, answer: Answer): void {
    const exchange = stream.owner!;
    const isWhole = exchange.method === 'HEAD' || answer.body.length === 0;
    this.#wire.connection.sendHeaders(stream, answer.http2, isWhole);
    if (isWhole) return;
    exchange.answer = answer;
    this.onWritable(stream);
  }
}

export const fixedHttp2 = (stream: Stream, answers: Answers): Http2Wire<Exchange> =>
  new Http2Wire<Exchange>(stream, (wire) => new FixedHandler(wire, answers));
