/** What the peer's frames mean, by the state of their streams (RFC 9113 §5.1, §6). */
import {
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  Http2Error,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './errors.ts';
import { FieldSection } from './field-section.ts';
import type { Frame, FrameSink } from './frame-reader.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frameName,
  GOAWAY,
  HEADERS,
  isKnown,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  readUint31,
  readUint32,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  writePing,
  writeSettingsAck,
} from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import type { Lifecycle } from './lifecycle.ts';
import { MessageHead } from './message.ts';
import { BODY, DONE, type Http2Stream } from './stream.ts';

/** Matters of the whole connection, which its owner settles. */
export interface ConnectionEvents {
  onSettingsAcknowledged(): void;
  onPong(payload: Buffer, start: number): void;
  onGoaway(lastStreamId: number, code: number): void;
}

const PING_BYTES = 17;
const SETTINGS_ACK_BYTES = 9;
/** A block that is longer than this cannot hold what the limit of the list allows, but for encoders that waste. */
const LARGEST_BLOCK = 65_536;
const TOO_LARGE = new FieldSection();
TOO_LARGE.add(':status', '431');
TOO_LARGE.add('content-length', '0');

export class Incoming<Owner> implements FrameSink {
  readonly #streams: Lifecycle<Owner>;
  readonly #events: ConnectionEvents;
  readonly #decoder = new HpackDecoder();
  readonly #head = new MessageHead();
  readonly #block: HeaderBlock;
  /** The first frame must be SETTINGS (§3.4). */
  hasSettings = false;
  /** Where the content of the DATA frame under way goes; undefined: nowhere. */
  #target: Http2Stream<Owner> | undefined;
  /** Content of that frame so far. */
  #content = 0;

  constructor(streams: Lifecycle<Owner>, events: ConnectionEvents) {
    this.#streams = streams;
    this.#events = events;
    this.#block = new HeaderBlock(Math.max(LARGEST_BLOCK, streams.options.headerListBytes * 2));
  }

  /** When the header block that is open began. */
  get blockOpenedAt(): number | undefined {
    return this.#block.openedAt;
  }

  onFrame(frame: Frame): void {
    const { type, flags, streamId } = frame;
    if (type === DATA) return this.#beginData(frame);
    if (!this.hasSettings && (type !== SETTINGS || (flags & ACK) !== 0))
      throw new Http2Error(PROTOCOL_ERROR, `expected SETTINGS first, got ${frameName(type)}`);
    if (type === PUSH_PROMISE) throw new Http2Error(PROTOCOL_ERROR, 'PUSH_PROMISE came, and push was never enabled');
    if (type === CONTINUATION) this.#streams.budgets.spend('continuations');
    if (type === PRIORITY || !isKnown(type)) this.#streams.budgets.spend('ignored');
    // HEADERS may open a stream, PRIORITY may name any: all others need one that is not idle.
    if ((type === RST_STREAM || type === WINDOW_UPDATE) && streamId !== 0) this.#checkNotIdle(frame);
  }

  onPayload(frame: Frame, buffer: Buffer, start: number, end: number): void {
    const { type } = frame;
    if (type === HEADERS) this.#beginBlock(frame, buffer, start, end);
    else if (type === CONTINUATION) this.#continueBlock(frame, buffer, start, end);
    else if (type === WINDOW_UPDATE) this.#widen(frame.streamId, readUint31(buffer, start));
    else if (type === RST_STREAM) this.#closeReset(frame.streamId, readUint32(buffer, start));
    else if (type === SETTINGS) this.#applySettings(frame, buffer, start, end);
    else if (type === PING) this.#answerPing(frame, buffer, start);
    else if (type === GOAWAY) this.#events.onGoaway(readUint31(buffer, start), readUint32(buffer, start + 4));
    else if (type === PRIORITY) this.#checkPriority(frame, buffer, start);
  }

  // DATA (§6.1), and what it takes from the windows, padding included (§6.9.1).

  #beginData(frame: Frame): void {
    const { streamId, flags, length } = frame;
    const streams = this.#streams;
    if (!this.hasSettings) throw new Http2Error(PROTOCOL_ERROR, 'expected SETTINGS first, got DATA');
    this.#content = 0;
    this.#target = undefined;
    streams.window -= length;
    if (streams.window < 0) throw new Http2Error(FLOW_CONTROL_ERROR, 'DATA beyond the window of the connection');
    const stream = streams.table.open.get(streamId);
    if (stream === undefined) return this.#checkDropped(frame);
    if (stream.receiving !== BODY)
      return stream.receiving === DONE
        ? streams.fault(stream, STREAM_CLOSED, 'DATA came after the end of the message')
        : streams.fault(stream, PROTOCOL_ERROR, 'DATA came before the head of the message');
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0)
      return streams.fault(stream, FLOW_CONTROL_ERROR, 'DATA beyond the window of the stream');
    if (length === 0 && (flags & END_STREAM) === 0) streams.budgets.spend('emptyData');
    else if (length > 0) streams.budgets.restore('pings');
    this.#target = stream;
  }

  onContent(frame: Frame, buffer: Buffer, start: number, end: number, isLast: boolean): void {
    const streams = this.#streams;
    const stream = this.#target;
    const bytes = end - start;
    this.#content += bytes;
    const padding = isLast ? frame.length - this.#content : 0;
    if (stream === undefined || stream.id !== frame.streamId) {
      // Closed since, and perhaps another stream by now.
      this.#target = undefined;
      return streams.credit(bytes + padding);
    }
    if (padding > 0) {
      streams.credit(padding);
      streams.creditStream(stream, padding);
      if (this.#content === 0 && (frame.flags & END_STREAM) === 0) streams.budgets.spend('emptyData');
    }
    const endsStream = (frame.flags & END_STREAM) !== 0;
    const isEnd = isLast && endsStream;
    stream.received += bytes;
    // What the frame brings is known before all of it is here: how it was cut must not matter.
    const received = stream.received + frame.content - this.#content;
    if (
      stream.contentLength >= 0 &&
      (received > stream.contentLength || (endsStream && received < stream.contentLength))
    ) {
      streams.credit(bytes);
      this.#target = undefined;
      return streams.fault(stream, PROTOCOL_ERROR, `a body that is not of ${stream.contentLength} bytes, as announced`);
    }
    if (isLast) this.#target = undefined;
    stream.unconsumed += bytes;
    if (isEnd) stream.receiving = DONE;
    if (bytes > 0 || isEnd) streams.handler.onData(stream, buffer, start, end, isEnd);
    if (isEnd && stream.id === frame.streamId) streams.endReceiving(stream);
  }

  // Header blocks (§4.3, §6.2, §6.10).

  #beginBlock(frame: Frame, buffer: Buffer, start: number, end: number): void {
    const block = this.#block;
    block.streamId = frame.streamId;
    block.isEnd = (frame.flags & END_STREAM) !== 0;
    block.dependsOnItself = frame.dependsOnItself;
    if ((frame.flags & END_HEADERS) !== 0) return this.#readBlock(buffer, start, end);
    block.openedAt = this.#streams.options.clock();
    block.append(buffer, start, end);
  }

  #continueBlock(frame: Frame, buffer: Buffer, start: number, end: number): void {
    const block = this.#block;
    block.append(buffer, start, end);
    if ((frame.flags & END_HEADERS) === 0) return;
    const { buffer: whole, length } = block;
    block.close();
    this.#readBlock(whole, 0, length);
  }

  /** The tables of HPACK want every block to be decoded, whatever becomes of its stream. */
  #readBlock(buffer: Buffer, start: number, end: number): void {
    const { streamId: id, isEnd } = this.#block;
    const streams = this.#streams;
    this.#head.section.begin(streams.options.headerListBytes);
    this.#decoder.decode(buffer, start, end, this.#head.section);
    streams.budgets.restore('pings');
    const stream = streams.table.open.get(id);
    if (stream === undefined) return this.#openStream(id, isEnd);
    if (stream.receiving === DONE)
      return streams.fault(stream, STREAM_CLOSED, 'HEADERS came after the end of the message');
    if (this.#block.dependsOnItself) return streams.fault(stream, PROTOCOL_ERROR, 'a stream depends on itself');
    if (this.#head.section.isOversized) {
      streams.budgets.spend('hugeHeads');
      return streams.fault(stream, ENHANCE_YOUR_CALM, `fields of ${this.#head.section.size} bytes`);
    }
    if (stream.receiving === BODY) this.#takeTrailers(stream, isEnd);
    else this.#takeResponse(stream, isEnd);
  }

  #openStream(id: number, isEnd: boolean): void {
    const streams = this.#streams;
    const { table, options } = streams;
    const absence = table.absence(id);
    if (absence === 'reset') return streams.budgets.spend('ignored');
    if (absence === 'closed') throw new Http2Error(STREAM_CLOSED, `HEADERS of stream ${id}, which is closed`);
    if (absence === 'skipped' || !streams.isServer || !table.isPeers(id))
      throw new Http2Error(PROTOCOL_ERROR, `HEADERS of stream ${id}, which nobody may open now`);
    table.use(id);
    const head = this.#head;
    if (this.#block.dependsOnItself) return streams.refuse(id, PROTOCOL_ERROR, 'a stream depends on itself');
    if (table.open.size >= options.maxConcurrentStreams)
      return streams.refuse(id, REFUSED_STREAM, `more than ${options.maxConcurrentStreams} streams at once`);
    if (head.section.isOversized) return this.#answerTooLarge(id, isEnd);
    const problem = head.readRequest() ?? lengthProblem(head, isEnd);
    if (problem !== undefined) return streams.refuse(id, PROTOCOL_ERROR, problem);
    const stream = streams.open(id);
    stream.contentLength = head.contentLength;
    stream.receiving = isEnd ? DONE : BODY;
    streams.handler.onHeaders(stream, head, isEnd);
  }

  /** RFC 6585 §5: an answer, for the sender of the request is told what was wrong. */
  #answerTooLarge(id: number, isEnd: boolean): void {
    const streams = this.#streams;
    streams.budgets.spend('hugeHeads');
    streams.sender.sendHeaders(id, TOO_LARGE, true);
    const reason = `fields of ${this.#head.section.size} bytes`;
    if (!isEnd) streams.refuse(id, 0, reason);
    else streams.handler.onRefused?.(id, 0, reason);
  }

  #takeResponse(stream: Http2Stream<Owner>, isEnd: boolean): void {
    const streams = this.#streams;
    const head = this.#head;
    const problem = head.readResponse();
    if (problem !== undefined) return streams.fault(stream, PROTOCOL_ERROR, problem);
    if (head.status < 200) {
      if (isEnd) return streams.fault(stream, PROTOCOL_ERROR, 'an interim answer ends the stream');
      return streams.handler.onHeaders(stream, head, false);
    }
    const hasContent = !stream.isHeadRequest && head.status !== 204 && head.status !== 304;
    if (hasContent && isEnd && head.contentLength > 0)
      return streams.fault(stream, PROTOCOL_ERROR, 'content-length announces content, and none follows');
    stream.contentLength = hasContent ? head.contentLength : 0;
    stream.receiving = isEnd ? DONE : BODY;
    const { id } = stream;
    streams.handler.onHeaders(stream, head, isEnd);
    if (isEnd && stream.id === id) streams.endReceiving(stream);
  }

  #takeTrailers(stream: Http2Stream<Owner>, isEnd: boolean): void {
    const streams = this.#streams;
    const problem = isEnd ? this.#head.readTrailers() : 'a second head that does not end the stream';
    if (problem !== undefined) return streams.fault(stream, PROTOCOL_ERROR, problem);
    if (stream.contentLength > stream.received)
      return streams.fault(stream, PROTOCOL_ERROR, `a body that is not of ${stream.contentLength} bytes, as announced`);
    stream.receiving = DONE;
    const { id } = stream;
    streams.handler.onTrailers(stream, this.#head.section);
    if (stream.id === id) streams.endReceiving(stream);
  }

  // Everything else.

  #checkNotIdle({ type, streamId }: Frame): void {
    const { table } = this.#streams;
    if (!table.open.has(streamId) && table.absence(streamId) === 'idle')
      throw new Http2Error(PROTOCOL_ERROR, `${frameName(type)} of stream ${streamId}, which is idle`);
  }

  /** DATA of a stream that is not open: read past, where it may still be under way. */
  #checkDropped({ streamId }: Frame): void {
    const absence = this.#streams.table.absence(streamId);
    if (absence === 'reset') return this.#streams.budgets.spend('ignored');
    throw new Http2Error(
      absence === 'closed' ? STREAM_CLOSED : PROTOCOL_ERROR,
      `DATA of stream ${streamId}, which is ${absence}`,
    );
  }

  #widen(streamId: number, increment: number): void {
    const { sender, table } = this.#streams;
    if (streamId === 0) {
      if (increment === 0) throw new Http2Error(PROTOCOL_ERROR, 'WINDOW_UPDATE with an increment of 0');
      return sender.widen(increment);
    }
    const stream = table.open.get(streamId);
    if (stream === undefined) return;
    if (increment === 0) this.#streams.fault(stream, PROTOCOL_ERROR, 'WINDOW_UPDATE with an increment of 0');
    else if (!sender.widenStream(stream, increment))
      this.#streams.fault(stream, FLOW_CONTROL_ERROR, 'the window of the stream is too large');
  }

  #closeReset(streamId: number, code: number): void {
    const streams = this.#streams;
    const stream = streams.table.open.get(streamId);
    if (stream === undefined) return;
    if (streams.isServer && stream.sending !== DONE) streams.budgets.spend('resets');
    streams.close(stream, code);
  }

  #applySettings({ flags }: Frame, buffer: Buffer, start: number, end: number): void {
    const { sender, table, budgets, isServer, handler } = this.#streams;
    if ((flags & ACK) !== 0) return this.#events.onSettingsAcknowledged();
    budgets.spend('settings');
    this.hasSettings = true;
    sender.applySettings(buffer, start, end, !isServer, table.open.values());
    writeSettingsAck(sender.beginControl(SETTINGS_ACK_BYTES));
    handler.onSettings?.();
  }

  #answerPing({ flags }: Frame, buffer: Buffer, start: number): void {
    if ((flags & ACK) !== 0) return this.#events.onPong(buffer, start);
    this.#streams.budgets.spend('pings');
    writePing(this.#streams.sender.beginControl(PING_BYTES), true, buffer, start);
  }

  /** Priorities are not used, but must be well-formed (§5.3.2, §6.3). */
  #checkPriority({ streamId, length }: Frame, buffer: Buffer, start: number): void {
    const isSized = length === 5;
    if (isSized && readUint31(buffer, start) !== streamId) return;
    const [code, reason] = isSized
      ? [PROTOCOL_ERROR, 'a stream depends on itself']
      : [FRAME_SIZE_ERROR, `PRIORITY came with ${length} bytes of payload`];
    const { table } = this.#streams;
    const stream = table.open.get(streamId);
    if (stream !== undefined) this.#streams.fault(stream, code, reason);
    else if (table.absence(streamId) === 'idle') throw new Http2Error(code, reason);
    else this.#streams.refuse(streamId, code, reason);
  }
}

/** Of a request whose stream ends with its head. */
function lengthProblem(head: MessageHead, isEnd: boolean): string | undefined {
  return isEnd && head.contentLength > 0 ? 'content-length announces content, and none follows' : undefined;
}
