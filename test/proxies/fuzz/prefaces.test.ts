/** Fuzzing of what reads untrusted bytes before a connection has a place: mutated real inputs, read whole and up to every split. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClientHello } from '#proxies/net/client-hello.ts';
import type { Parsed } from '#proxies/net/parsed.ts';
import { parseProxyHeader, writeProxyHeader } from '#proxies/net/proxy-protocol.ts';
import { generator } from '#test/random.ts';
import { corpus, mutate, runs } from './inputs.ts';

const vector = (size: 1 | 2, ...parts: (Buffer | number[])[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
};

const extension = (type: number, ...parts: (Buffer | number[])[]) =>
  Buffer.concat([Buffer.from([0, type]), vector(2, ...parts)]);

/** A small ClientHello in records of `size` bytes: small, so that mutations hit structure and not random bytes. */
function hello(name: string, alpn: string[], size: number): Buffer {
  const extensions = vector(
    2,
    extension(0, vector(2, [0], vector(2, Buffer.from(name)))),
    extension(16, vector(2, ...alpn.map((protocol) => vector(1, Buffer.from(protocol))))),
    extension(43, [2, 3, 4]),
  );
  const body = Buffer.concat([Buffer.alloc(34, 3), vector(1), vector(2, [0x13, 1]), vector(1, [0]), extensions]);
  const message = Buffer.concat([Buffer.from([1, 0]), vector(2, body)]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size)
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
  return Buffer.concat(records);
}

const told = { sourceAddress: '10.1.2.3', sourcePort: 4, destinationAddress: '10.9.8.7', destinationPort: 443 };
const told6 = { ...told, sourceAddress: '2001:db8::1', destinationAddress: '::1' };

const targets: Record<string, { parse: (bytes: Buffer) => Parsed<unknown>; seeds: Buffer[] }> = {
  'client-hello': {
    parse: parseClientHello,
    seeds: [hello('a.example', ['h2', 'http/1.1'], 999), hello('b', ['h2'], 30), hello('c.d', [], 3)],
  },
  'proxy-protocol': {
    parse: parseProxyHeader,
    seeds: [
      writeProxyHeader('v1', told),
      writeProxyHeader('v1', told6),
      writeProxyHeader('v1', undefined),
      writeProxyHeader('v2', told, { tlvs: [{ type: 2, value: Buffer.from('x.example') }] }),
      writeProxyHeader('v2', told6, { checksum: true }),
      writeProxyHeader('v2', undefined),
    ],
  },
};

for (const [name, { parse, seeds }] of Object.entries(targets)) {
  const check = (bytes: Buffer): Parsed<unknown>['kind'] => {
    const whole = parse(bytes);
    for (let length = 0; length < bytes.length; length++) {
      const prefix = parse(bytes.subarray(0, length));
      // A verdict on the first part is the verdict; a wish for more is for no more than makes up the whole.
      const agrees =
        prefix.kind === 'more'
          ? prefix.need > length && (whole.kind === 'more' || prefix.need <= bytes.length)
          : prefix.kind === whole.kind &&
            (prefix.kind !== 'done' || prefix.length === (whole as { length: number }).length);
      if (!agrees) assert.deepEqual(prefix, whole, `${bytes.toString('hex')} split at ${length}`);
      // Bytes that follow the verdict cannot change it.
      if (prefix.kind !== 'more') break;
    }
    return whole.kind;
  };

  test(`${name}: ${runs} mutated inputs, none throws, each means the same at every split`, () => {
    for (const seed of seeds) assert.equal(check(seed), 'done');
    for (const { input } of corpus(name)) check(input);
    const random = generator(0x9e3779b9);
    const seen = { more: 0, done: 0, malformed: 0 };
    for (let run = 0; run < runs; run++) seen[check(mutate(seeds[run % seeds.length]!, random))]++;
    for (const [kind, count] of Object.entries(seen)) assert.ok(count > runs / 100, `${kind} came ${count} times only`);
  });
}
