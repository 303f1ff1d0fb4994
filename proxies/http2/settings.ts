/** Settings (RFC 9113 §6.5.2). */
import { FLOW_CONTROL_ERROR, Http2Error, PROTOCOL_ERROR } from './errors.ts';
import { LARGEST_MAX_FRAME, readUint32, SMALLEST_MAX_FRAME } from './frames.ts';
import { DEFAULT_TABLE_SIZE } from './hpack-decoder.ts';

export const HEADER_TABLE_SIZE = 1;
export const ENABLE_PUSH = 2;
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;
export const MAX_FRAME_SIZE = 5;
export const MAX_HEADER_LIST_SIZE = 6;

export const LARGEST_WINDOW = 2 ** 31 - 1;
export const DEFAULT_WINDOW = 65_535;

/** What the peer has announced; until then what §6.5.2 says. */
export class PeerSettings {
  headerTableSize = DEFAULT_TABLE_SIZE;
  maxConcurrentStreams = Infinity;
  initialWindowSize = DEFAULT_WINDOW;
  maxFrameSize = SMALLEST_MAX_FRAME;
  maxHeaderListSize = Infinity;

  /** Takes the payload of a SETTINGS frame. Throws what §6.5.2 makes of a value that is not allowed. `ofServer`: a server sent it. */
  apply(payload: Buffer, start: number, end: number, ofServer: boolean): void {
    for (let at = start; at < end; at += 6) {
      const id = (payload[at]! << 8) | payload[at + 1]!;
      this.#set(id, readUint32(payload, at + 2), ofServer);
    }
  }

  #set(id: number, value: number, ofServer: boolean): void {
    if (id === HEADER_TABLE_SIZE) this.headerTableSize = value;
    else if (id === ENABLE_PUSH) check(value <= (ofServer ? 0 : 1), PROTOCOL_ERROR, 'ENABLE_PUSH', value);
    else if (id === MAX_CONCURRENT_STREAMS) this.maxConcurrentStreams = value;
    else if (id === INITIAL_WINDOW_SIZE) {
      check(value <= LARGEST_WINDOW, FLOW_CONTROL_ERROR, 'INITIAL_WINDOW_SIZE', value);
      this.initialWindowSize = value;
    } else if (id === MAX_FRAME_SIZE) {
      check(value >= SMALLEST_MAX_FRAME && value <= LARGEST_MAX_FRAME, PROTOCOL_ERROR, 'MAX_FRAME_SIZE', value);
      this.maxFrameSize = value;
    } else if (id === MAX_HEADER_LIST_SIZE) this.maxHeaderListSize = value;
  }
}

function check(isAllowed: boolean, code: number, name: string, value: number): void {
  if (!isAllowed) throw new Http2Error(code, `SETTINGS_${name} of ${value} is not allowed`);
}
