/** What attacks cost a server: CPU and memory of five thousand frames, whether it puts up with them or not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Http2Connection } from '#proxies/http2/connection.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import { RECIPES } from './recipes.ts';
import { EMPTY_SETTINGS, PREFACE_BYTES, SETTINGS_ACK } from './recorder.ts';
import { OK, section } from './requests.ts';

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
