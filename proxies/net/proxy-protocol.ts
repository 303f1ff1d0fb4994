/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org, doc/proxy-protocol.txt, 2020): who the client was, told ahead of its bytes.
 * The receiver requires a header, and never guesses whether there is one.
 */
import { isIP, isIPv4 } from 'node:net';
import { crc32c } from './crc32c.ts';
import { canonicalAddress, formatIpv6, packAddress } from '../config/ip-address.ts';
import type { Parsed } from './parsed.ts';

export interface ProxyAddresses {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

export interface ProxyTlv {
  readonly type: number;
  readonly value: Buffer;
}

export interface ProxyHeader {
  readonly version: 1 | 2;
  /** Absent for LOCAL, UNKNOWN and families without IP addresses: the connection's own addresses hold. */
  readonly addresses?: ProxyAddresses;
  readonly tlvs: readonly ProxyTlv[];
}

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const v1Start = Buffer.from('PROXY ', 'latin1');
/** §2.1: "a 108-byte buffer is always enough to store all the line and a trailing zero". */
const V1_MAX_BYTES = 107;
const V2_HEADER_BYTES = 16;
/** What one header may announce; addresses and TLVs of real senders take some hundred bytes. */
const V2_MAX_BYTES = 4096;
const CRC32C_TLV = 0x03;

const malformed = (reason: string) => ({ kind: 'malformed', reason }) as const;

/** Reads a header of either version at the start of `bytes`. */
export function parseProxyHeader(bytes: Buffer): Parsed<ProxyHeader> {
  if (bytes.length === 0) return { kind: 'more', need: 1 };
  if (bytes[0] === signature[0]) return parseV2(bytes);
  if (bytes[0] === v1Start[0]) return parseV1(bytes);
  return malformed('neither a version 1 nor a version 2 header');
}

const startsLike = (bytes: Buffer, start: Buffer) => {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
};

function parseV1(bytes: Buffer): Parsed<ProxyHeader> {
  if (!startsLike(bytes, v1Start)) return malformed('expected "PROXY "');
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n', 0, 'latin1');
  if (end < 0)
    return bytes.length >= V1_MAX_BYTES
      ? malformed(`no CRLF within ${V1_MAX_BYTES} bytes`)
      : { kind: 'more', need: bytes.length + 1 };
  const length = end + 2;
  const line = bytes.toString('latin1', v1Start.length, end);
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN '))
    return { kind: 'done', value: { version: 1, tlvs: [] }, length };
  const [family, sourceAddress = '', destinationAddress = '', sourcePort = '', destinationPort = '', more] =
    line.split(' ');
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined;
  if (version === undefined || more !== undefined) return malformed(`unknown line ${JSON.stringify(line)}`);
  const isAddress = (text: string) => isIP(text) === version && !text.includes('%');
  if (!isAddress(sourceAddress) || !isAddress(destinationAddress))
    return malformed(`no ${family} addresses in ${line}`);
  if (!isPort(sourcePort) || !isPort(destinationPort)) return malformed(`no ports in ${line}`);
  const addresses = {
    sourceAddress: canonicalAddress(sourceAddress),
    destinationAddress: canonicalAddress(destinationAddress),
    sourcePort: Number(sourcePort),
    destinationPort: Number(destinationPort),
  };
  return { kind: 'done', value: { version: 1, addresses, tlvs: [] }, length };
}

/** Decimal, without leading zeros. */
const isPort = (text: string) => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

function parseV2(bytes: Buffer): Parsed<ProxyHeader> {
  if (!startsLike(bytes, signature)) return malformed('not the version 2 signature');
  if (bytes.length < signature.length) return { kind: 'more', need: bytes.length + 1 };
  if (bytes.length < V2_HEADER_BYTES) return { kind: 'more', need: V2_HEADER_BYTES };
  const command = bytes[12]!;
  if (command >> 4 !== 2) return malformed(`version ${command >> 4} in a version 2 header`);
  if ((command & 15) > 1) return malformed(`unknown command ${command & 15}`);
  const family = bytes[13]!;
  if (family >> 4 > 3 || (family & 15) > 2) return malformed(`unknown family 0x${family.toString(16)}`);
  const length = V2_HEADER_BYTES + bytes.readUInt16BE(14);
  if (length > V2_MAX_BYTES) return malformed(`${length} bytes, above ${V2_MAX_BYTES}`);
  if (bytes.length < length) return { kind: 'more', need: length };

  const isLocal = (command & 15) === 0;
  // §2.2: for LOCAL the receiver must discard the address block, whatever family it names.
  const addressBytes = [0, 12, 36, 216][family >> 4]!;
  if (length < V2_HEADER_BYTES + addressBytes) {
    return isLocal
      ? { kind: 'done', value: { version: 2, tlvs: [] }, length }
      : malformed(`${length - V2_HEADER_BYTES} bytes are too few for addresses of family ${family >> 4}`);
  }
  const tlvs = parseTlvs(bytes, V2_HEADER_BYTES + addressBytes, length);
  if (tlvs === undefined) return malformed('a TLV reaches beyond the header');
  const checksum = tlvs.find(({ type }) => type === CRC32C_TLV);
  if (checksum && !hasChecksum(bytes.subarray(0, length), checksum.value)) return malformed('wrong CRC32c');
  const addresses = isLocal ? undefined : v2Addresses(bytes, family >> 4);
  return { kind: 'done', value: { version: 2, ...(addresses && { addresses }), tlvs }, length };
}

function v2Addresses(bytes: Buffer, family: number): ProxyAddresses | undefined {
  if (family !== 1 && family !== 2) return undefined;
  const size = family === 1 ? 4 : 16;
  const text = (offset: number) =>
    family === 1
      ? bytes.subarray(offset, offset + 4).join('.')
      : canonicalAddress(formatIpv6(bytes.subarray(offset, offset + 16)));
  return {
    sourceAddress: text(V2_HEADER_BYTES),
    destinationAddress: text(V2_HEADER_BYTES + size),
    sourcePort: bytes.readUInt16BE(V2_HEADER_BYTES + 2 * size),
    destinationPort: bytes.readUInt16BE(V2_HEADER_BYTES + 2 * size + 2),
  };
}

/** Undefined where one of them is cut. Values are copies. */
function parseTlvs(bytes: Buffer, start: number, end: number): ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  for (let at = start; at < end;) {
    if (at + 3 > end) return undefined;
    const next = at + 3 + bytes.readUInt16BE(at + 1);
    if (next > end) return undefined;
    tlvs.push({ type: bytes[at]!, value: Buffer.from(bytes.subarray(at + 3, next)) });
    at = next;
  }
  return tlvs;
}

/** §2.2.3: the CRC32c of the whole header, its own four bytes taken as zero. */
function hasChecksum(header: Buffer, value: Buffer): boolean {
  if (value.length !== 4) return false;
  const zeroed = Buffer.from(header);
  for (let at = V2_HEADER_BYTES + [0, 12, 36, 216][header[13]! >> 4]!; at < header.length;) {
    const length = header.readUInt16BE(at + 1);
    if (header[at] === CRC32C_TLV) zeroed.fill(0, at + 3, at + 3 + length);
    at += 3 + length;
  }
  return crc32c(zeroed) === value.readUInt32BE();
}

/** A header for a proxied TCP connection; without addresses UNKNOWN (v1) or LOCAL (v2). `checksum` adds the CRC32c TLV (v2). */
export function writeProxyHeader(
  version: 'v1' | 'v2',
  addresses: ProxyAddresses | undefined,
  options: { readonly tlvs?: readonly ProxyTlv[]; readonly checksum?: boolean } = {},
): Buffer {
  return version === 'v1' ? writeV1(addresses) : writeV2(addresses, options.tlvs ?? [], options.checksum ?? false);
}

function writeV1(addresses: ProxyAddresses | undefined): Buffer {
  if (!addresses) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { sourceAddress, destinationAddress, sourcePort, destinationPort } = sameFamily(addresses);
  const family = isIPv4(sourceAddress) ? 'TCP4' : 'TCP6';
  const line = [family, sourceAddress, destinationAddress, sourcePort, destinationPort].join(' ');
  return Buffer.from(`PROXY ${line}\r\n`, 'latin1');
}

function writeV2(addresses: ProxyAddresses | undefined, tlvs: readonly ProxyTlv[], checksum: boolean): Buffer {
  const parts: Buffer[] = [];
  let family = 0;
  if (addresses) {
    const { sourceAddress, destinationAddress, sourcePort, destinationPort } = sameFamily(addresses);
    family = isIPv4(sourceAddress) ? 0x11 : 0x21;
    const ports = Buffer.alloc(4);
    ports.writeUInt16BE(sourcePort, 0);
    ports.writeUInt16BE(destinationPort, 2);
    parts.push(packAddress(sourceAddress), packAddress(destinationAddress), ports);
  }
  const all = checksum ? [...tlvs, { type: CRC32C_TLV, value: Buffer.alloc(4) }] : tlvs;
  for (const { type, value } of all) {
    const head = Buffer.from([type, 0, 0]);
    head.writeUInt16BE(value.length, 1);
    parts.push(head, value);
  }
  const body = Buffer.concat(parts);
  const fixed = Buffer.from([addresses ? 0x21 : 0x20, family, 0, 0]);
  fixed.writeUInt16BE(body.length, 2);
  const header = Buffer.concat([signature, fixed, body]);
  if (checksum) header.writeUInt32BE(crc32c(header), header.length - 4);
  return header;
}

/** One family for both: an IPv4 address next to an IPv6 one is written as IPv4-mapped. */
function sameFamily(addresses: ProxyAddresses): ProxyAddresses {
  const { sourceAddress, destinationAddress } = addresses;
  if (isIPv4(sourceAddress) === isIPv4(destinationAddress)) return addresses;
  const mapped = (address: string) => (isIPv4(address) ? `::ffff:${address}` : address);
  return { ...addresses, sourceAddress: mapped(sourceAddress), destinationAddress: mapped(destinationAddress) };
}
