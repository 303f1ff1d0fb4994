/** What attacks cost a server: CPU and memory of five thousand frames, whether it puts up with them or not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Http2Connection } from '#proxies/http2/connection.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import { frame, uint32 } from './frame-bytes.ts';
import { EMPTY_SETTINGS, PREFACE_BYTES, SETTINGS_ACK } from './recorder.ts';
import { block, GET, OK, POST, section } from './requests.ts';

const FRAMES = 5_000;
const MOST_MILLIS = 20;
const RUNS = 30;
const MOST_BYTES = 2 * 1_024 * 1_024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heapBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const id = (at: number): number => at * 2 + 1;
const get = block(GET);
const post = block(POST);
const heads = (make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: FRAMES }, (_, at) => make(at)));
/** The largest table entry there may be, and 16,000 references to it. */
const bomb = Buffer.concat([
  get,
  Buffer.from('4001787fa11e', 'hex'),
  Buffer.alloc(4_000, 'x'),
  Buffer.alloc(12_000, 0xbe),
]);

const RECIPES: readonly { name: string; bytes: Buffer; before?: Buffer }[] = [
  {
    name: 'rapid reset',
    bytes: heads((at) => Buffer.concat([frame(1, 5, id(at), get), frame(3, 0, id(at), uint32(8))])),
  },
  {
    name: 'MadeYouReset by increments of 0',
    bytes: heads((at) => Buffer.concat([frame(1, 4, id(at), post), frame(8, 0, id(at), uint32(0))])),
  },
  {
    name: 'MadeYouReset by content beyond the end',
    bytes: heads((at) => Buffer.concat([frame(1, 5, id(at), get), frame(0, 0, id(at), '00')])),
  },
  { name: 'streams never finished', bytes: heads((at) => frame(1, 4, id(at), post)) },
  { name: 'CONTINUATION flood', before: frame(1, 0, 1, get), bytes: heads(() => frame(9, 0, 1)) },
  {
    name: 'CONTINUATION flood of full frames',
    before: frame(1, 0, 1, get),
    bytes: Buffer.concat(Array.from({ length: 100 }, () => frame(9, 0, 1, Buffer.alloc(16_384)))),
  },
  { name: 'PING flood', bytes: heads(() => frame(6, 0, 0, '0000000000000000')) },
  { name: 'SETTINGS flood', bytes: heads(() => frame(4, 0, 0, '000400010000')) },
  { name: 'empty DATA flood', before: frame(1, 4, 1, post), bytes: heads(() => frame(0, 0, 1)) },
  { name: 'PRIORITY flood', bytes: heads((at) => frame(2, 0, id(at), '0000000010')) },
  { name: 'WINDOW_UPDATE flood', before: frame(1, 4, 1, post), bytes: heads(() => frame(8, 0, 1, uint32(1))) },
  {
    name: 'HPACK bomb',
    bytes: Buffer.concat(
      Array.from({ length: 60 }, (_, at) =>
        frame(1, 5, id(at), at === 0 ? bomb : Buffer.concat([get, Buffer.alloc(16_000, 0xbe)])),
      ),
    ),
  },
  {
    name: 'windows never opened',
    before: frame(4, 0, 0, '000400000000'),
    bytes: heads((at) => frame(1, 5, id(at), get)),
  },
];

/** It answers 64 bytes to whatever has ended. */
function server(): Http2Connection<undefined> {
  const body = Buffer.alloc(64);
  const answer = section(OK);
  const respond = (stream: Http2Stream<undefined>): void => {
    connection.sendHeaders(stream, answer, false);
    connection.sendData(stream, body, 0, body.length, true);
  };
  const connection: Http2Connection<undefined> = new Http2Connection<undefined>(
    'server',
    { write: () => true },
    {
      onHeaders: (stream, _head, isEnd) => isEnd && respond(stream),
      onData(stream, _buffer, start, end, isEnd) {
        connection.consume(stream, end - start);
        if (isEnd) respond(stream);
      },
      onTrailers: respond,
      onWritable: (stream) => connection.sendData(stream, body, 0, body.length, true),
      onClose() {},
      onOutput() {},
      onFailure() {},
    },
  );
  connection.start();
  const greeting = Buffer.concat([PREFACE_BYTES, EMPTY_SETTINGS, SETTINGS_ACK]);
  connection.receive(greeting, 0, greeting.length);
  return connection;
}

function attack(bytes: Buffer, before: Buffer | undefined): Http2Connection<undefined> {
  const side = server();
  if (before) side.receive(before, 0, before.length);
  // As a socket would give it, by 64 KiB.
  for (let at = 0; at < bytes.length && !side.isOver; at += 65_536) {
    side.receive(bytes, at, Math.min(bytes.length, at + 65_536));
    side.flush();
  }
  return side;
}

describe('five thousand frames of an attack', () => {
  for (const { name, bytes, before } of RECIPES) {
    it(name, () => {
      // The least of several: what else the machine does is not the attack's doing.
      let millis = Infinity;
      for (let run = 0; run < RUNS; run++) {
        const cpu = process.cpuUsage();
        attack(bytes, before);
        const { user, system } = process.cpuUsage(cpu);
        millis = Math.min(millis, (user + system) / 1e3);
      }
      assert.ok(millis <= MOST_MILLIS, `${millis} ms`);
      const earlier = heapBytes();
      const side = attack(bytes, before);
      const grown = heapBytes() - earlier;
      assert.ok(grown <= MOST_BYTES, `${grown} bytes`);
      assert.ok(side.pendingBytes <= MOST_BYTES);
    });
  }
});
