/** Frames: their types, flags and what each must look like whatever the state (RFC 9113 §4, §6). */
import { FRAME_SIZE_ERROR, Http2Error, PROTOCOL_ERROR } from './errors.ts';
import type { Output } from './output.ts';

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

/** Flags. ACK and END_STREAM are the same bit of different frames. */
export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const HAS_PRIORITY = 0x20;

export const FRAME_HEADER_BYTES = 9;
/** Of exclusive flag, stream dependency and weight. */
export const PRIORITY_BYTES = 5;
/** SETTINGS_MAX_FRAME_SIZE begins here and must not be lower. */
export const SMALLEST_MAX_FRAME = 16_384;
export const LARGEST_MAX_FRAME = 16_777_215;

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

interface FrameRule {
  readonly name: string;
  /** What the frame is about: a frame of a stream has an identifier other than 0, one of the connection has 0. */
  readonly of: 'stream' | 'connection' | 'either';
  /** Bytes of the payload: exactly, at least, or a multiple. */
  readonly exactly?: number;
  readonly atLeast?: number;
  readonly multipleOf?: number;
}

/** By type. PRIORITY's length is not here: a wrong one is an error of its stream alone (§6.3). */
const FRAME_RULES: readonly FrameRule[] = [
  { name: 'DATA', of: 'stream' },
  { name: 'HEADERS', of: 'stream' },
  { name: 'PRIORITY', of: 'stream' },
  { name: 'RST_STREAM', of: 'stream', exactly: 4 },
  { name: 'SETTINGS', of: 'connection', multipleOf: 6 },
  { name: 'PUSH_PROMISE', of: 'stream', atLeast: 4 },
  { name: 'PING', of: 'connection', exactly: 8 },
  { name: 'GOAWAY', of: 'connection', atLeast: 8 },
  { name: 'WINDOW_UPDATE', of: 'either', exactly: 4 },
  { name: 'CONTINUATION', of: 'stream' },
];

export const isKnown = (type: number): boolean => type < FRAME_RULES.length;

/** The name of a frame's type, for people. */
export const frameName = (type: number): string => FRAME_RULES[type]?.name ?? `a frame of type ${type}`;

/** Throws what §4.2 and §6 make of a header that breaks the table. Frames of unknown types may look as they like (§5.5). */
export function checkFrame(type: number, flags: number, streamId: number, length: number): void {
  const rule = FRAME_RULES[type];
  if (rule === undefined) return;
  if (rule.of !== 'either' && (streamId === 0) !== (rule.of === 'connection'))
    throw new Http2Error(PROTOCOL_ERROR, `${rule.name} came with stream identifier ${streamId}`);
  const { exactly = length, atLeast = 0, multipleOf = 1 } = rule;
  const isAcknowledged = type === SETTINGS && (flags & ACK) !== 0; // §6.5: then there is no payload
  if (length !== exactly || length < atLeast || length % multipleOf !== 0 || (isAcknowledged && length > 0))
    throw new Http2Error(FRAME_SIZE_ERROR, `${rule.name} came with ${length} bytes of payload`);
}

export const readUint31 = (buffer: Buffer, at: number): number =>
  ((buffer[at]! & 0x7f) << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
export const readUint32 = (buffer: Buffer, at: number): number =>
  readUint31(buffer, at) + (buffer[at]! >>> 7) * 2 ** 31;
export const readUint24 = (buffer: Buffer, at: number): number =>
  (buffer[at]! << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!;

function writeUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

/** Room must be there. Gives the offset after the header. */
export function writeFrameHeader(
  buffer: Buffer,
  at: number,
  length: number,
  typeAndFlags: number,
  streamId: number,
): number {
  buffer[at] = length >>> 16;
  buffer[at + 1] = length >>> 8;
  buffer[at + 2] = length;
  buffer[at + 3] = typeAndFlags >>> 8;
  buffer[at + 4] = typeAndFlags;
  writeUint32(buffer, at + 5, streamId);
  return at + FRAME_HEADER_BYTES;
}

function beginFrame(output: Output, length: number, typeAndFlags: number, streamId: number): number {
  output.reserve(FRAME_HEADER_BYTES + length);
  const at = writeFrameHeader(output.buffer, output.length, length, typeAndFlags, streamId);
  output.length = at + length;
  return at;
}

export function writeSettings(output: Output, settings: readonly (readonly [id: number, value: number])[]): void {
  let at = beginFrame(output, settings.length * 6, SETTINGS << 8, 0);
  for (const [id, value] of settings) {
    output.buffer[at] = id >>> 8;
    output.buffer[at + 1] = id;
    writeUint32(output.buffer, at + 2, value);
    at += 6;
  }
}

export function writeSettingsAck(output: Output): void {
  beginFrame(output, 0, (SETTINGS << 8) | ACK, 0);
}

/** `opaque`: eight bytes from `start` on. */
export function writePing(output: Output, isAck: boolean, opaque: Buffer, start: number): void {
  const at = beginFrame(output, 8, (PING << 8) | (isAck ? ACK : 0), 0);
  opaque.copy(output.buffer, at, start, start + 8);
}

export function writeReset(output: Output, streamId: number, code: number): void {
  const at = beginFrame(output, 4, RST_STREAM << 8, streamId); // may give the output another buffer
  writeUint32(output.buffer, at, code);
}

export function writeWindowUpdate(output: Output, streamId: number, increment: number): void {
  const at = beginFrame(output, 4, WINDOW_UPDATE << 8, streamId);
  writeUint32(output.buffer, at, increment);
}

export function writeGoaway(output: Output, lastStreamId: number, code: number, debug: string): void {
  const text = Buffer.from(debug, 'latin1');
  const at = beginFrame(output, 8 + text.length, GOAWAY << 8, 0);
  writeUint32(output.buffer, at, lastStreamId);
  writeUint32(output.buffer, at + 4, code);
  text.copy(output.buffer, at + 8);
}

/** One whole DATA frame; [start, end) must not be longer than the peer's frames may be. */
export function writeData(
  output: Output,
  streamId: number,
  isEnd: boolean,
  payload: Buffer,
  start: number,
  end: number,
): void {
  const at = beginFrame(output, end - start, (DATA << 8) | (isEnd ? END_STREAM : 0), streamId);
  payload.copy(output.buffer, at, start, end);
}
