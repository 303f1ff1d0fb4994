/** ClientHellos as octets (RFC 8446 §4.1.2): enough of one to be routed by, cut into records at will. Latin-1 text. */
export interface HelloOptions {
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  /** Octets of handshake in each TLS record; one record by default. */
  readonly recordSize?: number;
  /** Octets of padding (RFC 7685). */
  readonly padding?: number;
}

const u8 = (value: number): string => String.fromCharCode(value & 255);
const u16 = (value: number): string => u8(value >> 8) + u8(value);
const u24 = (value: number): string => u8(value >> 16) + u16(value);
const vector8 = (text: string): string => u8(text.length) + text;
const vector16 = (text: string): string => u16(text.length) + text;
const extension = (type: number, body: string): string => u16(type) + vector16(body);

export function clientHello({ serverName, alpn, recordSize, padding = 0 }: HelloOptions): string {
  const extensions = [
    ...(serverName === undefined ? [] : [extension(0, vector16(u8(0) + vector16(serverName)))]),
    ...(alpn === undefined ? [] : [extension(16, vector16(alpn.map(vector8).join('')))]),
    extension(43, vector8(u16(0x0304))),
    ...(padding === 0 ? [] : [extension(21, '\0'.repeat(padding))]),
  ];
  const body =
    u16(0x0303) + 'r'.repeat(32) + vector8('') + vector16(u16(0x1301)) + vector8('\0') + vector16(extensions.join(''));
  const handshake = u8(1) + u24(body.length) + body;
  const size = recordSize ?? handshake.length;
  let records = '';
  for (let at = 0; at < handshake.length; at += size) {
    records += u8(22) + u16(0x0301) + vector16(handshake.slice(at, at + size));
  }
  return records;
}
