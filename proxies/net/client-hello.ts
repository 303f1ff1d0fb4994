/**
 * Reads the server name and the application protocols a TLS client asks for, without terminating TLS: the ClientHello (RFC 8446
 * §4.1.2, RFC 5246 §7.4.1.2) with its extensions server_name (RFC 6066 §3) and ALPN (RFC 7301 §3.1), across any number of records.
 */
import type { Parsed } from './parsed.ts';

export interface ClientHello {
  /** Lower case, without a final dot. Absent: the client named none. */
  readonly serverName?: string;
  readonly alpn: readonly string[];
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const HOST_NAME = 0;
const EXTENSION_TYPES = { serverName: 0, alpn: 16 };
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
/** RFC 8446 §5.1. */
const MAX_RECORD_BYTES = 16_384;
/** Real hellos, post-quantum key shares included, stay below 4 KiB. */
const MAX_HELLO_BYTES = 16_384;
/** A real hello cut into single bytes is read; what arrives after every record is looked at again, so there is a bound. */
const MAX_RECORDS = 2048;

class Malformed extends Error {}

/** Reads within its bounds or throws `Malformed`. */
class Cursor {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  #advance(length: number): number {
    if (length > this.left) throw new Malformed('a length reaches beyond what holds it');
    this.#at += length;
    return this.#at - length;
  }

  uint(size: 1 | 2 | 3): number {
    return this.#bytes.readUIntBE(this.#advance(size), size);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** A vector with a length prefix of `size` bytes. */
  vector(size: 1 | 2): Cursor {
    const length = this.uint(size);
    const start = this.#advance(length);
    return new Cursor(this.#bytes, start, start + length);
  }

  text(): string {
    const length = this.left;
    const start = this.#advance(length);
    return this.#bytes.toString('latin1', start, start + length);
  }
}

/**
 * Reads the ClientHello at the start of `bytes`; `length` is that of the records that hold it. It judges only at the points it asks
 * for (a record's header, the first four bytes of the message, a record's end), so the verdict is the same however bytes come.
 */
export function parseClientHello(bytes: Buffer): Parsed<ClientHello> {
  let collected = 0;
  let announced: number | undefined;
  for (let at = 0, records = 0; ; records++) {
    const start = at + RECORD_HEADER_BYTES;
    if (bytes.length < start) return { kind: 'more', need: start };
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE_RECORD) return malformed(`record type ${bytes[at]}, not a handshake`);
    if (bytes[at + 1] !== 3) return malformed(`record version ${bytes[at + 1]}`);
    if (length === 0 || length > MAX_RECORD_BYTES) return malformed(`record of ${length} bytes`);
    if (records === MAX_RECORDS) return malformed(`ClientHello in more than ${MAX_RECORDS} records`);
    const available = Math.min(length, bytes.length - start);
    const isWhole = available === length;
    const isFirst = records === 0;
    if (!isWhole && !(isFirst && available >= MESSAGE_HEADER_BYTES))
      return { kind: 'more', need: start + (isFirst ? Math.min(length, MESSAGE_HEADER_BYTES) : length) };
    collected += available;
    const type = bytes[RECORD_HEADER_BYTES];
    if (type !== CLIENT_HELLO) return malformed(`handshake message ${type}, not a ClientHello`);
    if (collected >= MESSAGE_HEADER_BYTES) announced ??= messageBytes(bytes);
    const wanted = announced ?? MESSAGE_HEADER_BYTES;
    if (wanted > MAX_HELLO_BYTES) return malformed(`ClientHello of ${wanted} bytes, above ${MAX_HELLO_BYTES}`);
    if (!isWhole) return { kind: 'more', need: start + length };
    at = start + length;
    if (collected >= wanted) return readHello(payload(bytes, wanted).subarray(MESSAGE_HEADER_BYTES), at);
  }
}

/** What the message's own header says, that header included. */
const messageBytes = (bytes: Buffer) => MESSAGE_HEADER_BYTES + payload(bytes, MESSAGE_HEADER_BYTES).readUIntBE(1, 3);

/** The first `size` bytes that the records hold; there are as many. */
function payload(bytes: Buffer, size: number): Buffer {
  const result = Buffer.allocUnsafe(size);
  for (let at = 0, filled = 0; filled < size;) {
    const start = at + RECORD_HEADER_BYTES;
    const length = bytes.readUInt16BE(at + 3);
    filled += bytes.copy(result, filled, start, start + Math.min(length, size - filled));
    at = start + length;
  }
  return result;
}

const malformed = (reason: string) => ({ kind: 'malformed', reason }) as const;

function readHello(body: Buffer, length: number): Parsed<ClientHello> {
  try {
    return { kind: 'done', value: helloOf(new Cursor(body)), length };
  } catch (error) {
    if (error instanceof Malformed) return malformed(error.message);
    throw error;
  }
}

function helloOf(body: Cursor): ClientHello {
  body.skip(2 + 32); // legacy_version, random
  body.vector(1); // legacy_session_id
  body.vector(2); // cipher_suites
  body.vector(1); // legacy_compression_methods
  let serverName: string | undefined;
  let alpn: readonly string[] = [];
  const seen = new Set<number>();
  const extensions = body.left > 0 ? body.vector(2) : body;
  while (extensions.left > 0) {
    const type = extensions.uint(2);
    const data = extensions.vector(2);
    // RFC 8446 §4.2: no two of one type. Whoever reads the other one than we do would be routed past us.
    if (seen.has(type)) throw new Malformed(`extension ${type} twice`);
    seen.add(type);
    if (type === EXTENSION_TYPES.serverName) serverName = readServerName(data);
    else if (type === EXTENSION_TYPES.alpn) alpn = readAlpn(data);
  }
  if (body.left > 0) throw new Malformed('bytes after the extensions');
  return { ...(serverName !== undefined && { serverName }), alpn };
}

function readServerName(data: Cursor): string | undefined {
  const names = data.vector(2);
  let found: string | undefined;
  while (names.left > 0) {
    const type = names.uint(1);
    const name = names.vector(2);
    if (type !== HOST_NAME) continue;
    if (found !== undefined) throw new Malformed('two host names');
    found = name.text().toLowerCase().replace(/\.$/, '');
    if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(found) || found.length > 253)
      throw new Malformed('no host name in server_name');
  }
  if (data.left > 0) throw new Malformed('bytes after the server names');
  return found;
}

function readAlpn(data: Cursor): string[] {
  const list = data.vector(2);
  const names: string[] = [];
  while (list.left > 0) {
    const name = list.vector(1).text();
    if (name === '') throw new Malformed('an empty protocol name');
    names.push(name);
  }
  if (data.left > 0) throw new Malformed('bytes after the protocol names');
  return names;
}
