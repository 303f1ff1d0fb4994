/** As much of DER (ITU-T X.690) as a certificate needs: one function a type, each gives the whole tag-length-value. */

export type Der = Buffer;

function encode(tag: number, content: Buffer): Der {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  if (length > 0xffff) throw new RangeError(`a DER value of ${length} bytes; this encoder ends at 65535`);
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

export const sequence = (...items: readonly Der[]): Der => encode(0x30, Buffer.concat(items));
export const set = (...items: readonly Der[]): Der => encode(0x31, Buffer.concat(items));
export const boolean = (value: boolean): Der => encode(0x01, Buffer.from([value ? 0xff : 0]));
export const octetString = (content: Buffer): Der => encode(0x04, content);
export const utf8String = (text: string): Der => encode(0x0c, Buffer.from(text));

/** Big-endian magnitude of a non-negative integer: leading zeros go, one stays where the top bit would read as a sign. */
export function integer(magnitude: Buffer): Der {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.from([0]) : magnitude.subarray(first);
  return encode(0x02, digits[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}

/** `unusedBits` of the last byte are no part of it. */
export const bitString = (content: Buffer, unusedBits = 0): Der =>
  encode(0x03, Buffer.concat([Buffer.from([unusedBits]), content]));

/** '2.5.29.17'. */
export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  };
  return encode(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** UTCTime, which RFC 5280 §4.1.2.5 demands for dates before 2050. */
export function time(date: Date): Der {
  if (date.getUTCFullYear() >= 2050) throw new RangeError(`${date.toISOString()}: UTCTime ends in 2049`);
  const digits = date.toISOString().replace(/\D/g, '');
  return encode(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** Context-specific tag; `constructed` where it wraps other values. */
export const tagged = (number: number, content: Buffer, constructed = true): Der =>
  encode((constructed ? 0xa0 : 0x80) | number, content);
