/** IP addresses between text and network byte order. */
import { isIPv4, isIPv6 } from 'node:net';

/** 4 or 16 bytes. Throws on what is no address; a zone (`%eth0`) is dropped. */
export function packAddress(text: string): Buffer {
  const address = text.split('%', 1)[0]!;
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new TypeError(`expected an IP address, got ${JSON.stringify(text)}`);
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(address)?.[0];
  const hex = dotted
    ? address.slice(0, -dotted.length) + packAddress(dotted).toString('hex').replace(/^.{4}/, '$&:')
    : address;
  const [head = '', tail] = hex.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/**
 * One text for an address, however it was written: RFC 5952, without a zone; an IPv4 address that is mapped into IPv6 (RFC 4291
 * §2.5.5.2), as a socket of both families has it, is the IPv4 address. What is no address comes back as it is.
 */
export function canonicalAddress(text: string): string {
  if (!text.includes(':')) return text;
  const address = text.split('%', 1)[0]!;
  if (!isIPv6(address)) return text;
  const bytes = packAddress(address);
  const isMapped = bytes.subarray(0, 12).equals(mappedPrefix);
  return isMapped ? bytes.subarray(12).join('.') : formatIpv6(bytes);
}

const mappedPrefix = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);

/** 16 bytes as RFC 5952 writes them: lower case, the longest run of zero groups as `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  let [bestStart, bestLength] = [-1, 1];
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  if (bestStart < 0) return groups.join(':');
  return `${groups.slice(0, bestStart).join(':')}::${groups.slice(bestStart + bestLength).join(':')}`;
}
