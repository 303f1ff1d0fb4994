/** A name server on loopback that answers what it is told to, and is silent about the rest. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { packAddress } from '#proxies/config/ip-address.ts';

const TYPES = { 1: 'A', 28: 'AAAA', 33: 'SRV' } as const;

/** `priority weight port target`, as in a zone file. */
type Records = readonly string[] | 'silent' | 'failed';
export type Zone = Readonly<Record<string, Readonly<Partial<Record<'A' | 'AAAA' | 'SRV', Records>>>>>;

/** RFC 1035 §4.1.1 */
const RCODES = { none: 0x8180, failed: 0x8182, unknown: 0x8183 } as const;

export class NameServer implements AsyncDisposable {
  readonly asked: string[] = [];
  /** What it answers from now on. */
  zone: Zone;
  /** Seconds. */
  ttl = 60;
  readonly #socket: Socket;
  #port = 0;

  constructor(zone: Zone) {
    this.zone = zone;
    this.#socket = createSocket('udp4', (query, from) => {
      const { name, type, end } = question(query);
      this.asked.push(`${type} ${name}`);
      const found = this.zone[name];
      const records = found?.[type] ?? [];
      if (records === 'silent') return;
      const code = found === undefined ? 'unknown' : records === 'failed' ? 'failed' : 'none';
      const data = records === 'failed' ? [] : records.map((text) => recordOf(type, text));
      this.#socket.send(answer(query.subarray(0, end), code, data, this.ttl), from.port, from.address);
    });
  }

  async start(): Promise<this> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    this.#port = this.#socket.address().port;
    return this;
  }

  get servers(): string[] {
    return [`127.0.0.1:${this.#port}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

/** RFC 1035 §4.1.2 */
function question(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = TYPES[query.readUInt16BE(at + 1) as keyof typeof TYPES];
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function recordOf(type: (typeof TYPES)[keyof typeof TYPES], text: string): { type: number; data: Buffer } {
  if (type !== 'SRV') return { type: type === 'A' ? 1 : 28, data: Buffer.from(packAddress(text)) };
  const [priority = '', weight = '', port = '', target = ''] = text.split(' ');
  const fixed = Buffer.alloc(6);
  for (const [index, value] of [priority, weight, port].entries()) fixed.writeUInt16BE(Number(value), 2 * index);
  const labels = target.split('.').filter((label) => label !== '');
  const name = labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return { type: 33, data: Buffer.concat([fixed, ...name, Buffer.from([0])]) };
}

function answer(
  query: Buffer,
  code: keyof typeof RCODES,
  records: readonly ReturnType<typeof recordOf>[],
  ttl: number,
): Buffer {
  const head = Buffer.from(query);
  head.writeUInt16BE(RCODES[code], 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const whole = records.map(({ type, data }) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc0_0c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(ttl, 6);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([head, ...whole]);
}
