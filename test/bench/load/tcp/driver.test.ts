import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Socket } from 'node:net';
import { driver } from '#bench/load/tcp/driver.ts';
import { LIVE } from '#bench/load/recorder.ts';
import { bytes } from '#bench/model/units.ts';
import {
  closed,
  jobFor,
  liveRow,
  onlyErrors,
  open,
  quantilesOf,
  runHere,
  total,
  enough,
  stretched,
  noErrors,
} from '../jobs.ts';
import { byteOrigin, freePort, type Origin } from '../origins.ts';
import { runShard } from '#bench/load/shard.ts';

const echo = (messageBytes: number) => ({ kind: 'tcp-echo', messageBytes: bytes(messageBytes) }) as const;
const bulk = (transferBytes: number) => ({ kind: 'tcp-bulk', transferBytes: bytes(transferBytes) }) as const;

const echoOrigin = (): Promise<Origin> => byteOrigin((socket) => (chunk) => void socket.write(chunk));

/** Answers FIN with the count of what came, plus `extra`. */
const sinkOrigin = (received: { bytes: number }, extra = 0): Promise<Origin> =>
  byteOrigin((socket: Socket) => {
    let count = 0;
    socket.on('end', () => {
      const told = Buffer.alloc(8);
      told.writeBigUInt64BE(BigInt(count + extra));
      socket.end(told);
    });
    return (chunk) => {
      count += chunk.length;
      received.bytes += chunk.length;
    };
  });

describe('tcp', { concurrency: true }, () => {
  for (const size of [1, 64, 100_000]) {
    test(
      `echo of ${size} bytes: every message comes back as it went`,
      stretched(async (time) => {
        await using origin = await echoOrigin();
        const result = await runHere(driver, jobFor('tcp', origin.port, echo(size), closed(3), time));
        noErrors(result);
        enough(result.requests > 0);
        assert.equal(quantilesOf(result.service).count, result.requests);
        assert.ok(Math.abs(result.bytesRead - result.requests * size) <= 3 * size);
        enough(result.connectionsOpened === 3);
        assert.equal(origin.seen.connections, 3);
      }),
    );
  }

  test(
    'an echo of something else, and an old echo, are body errors',
    stretched(async (time) => {
      const spoil = [(chunk: Buffer) => Buffer.alloc(chunk.length), (_: Buffer, first: Buffer) => first];
      for (const other of spoil) {
        let first: Buffer | undefined;
        await using origin = await byteOrigin((socket) => (chunk) => {
          first ??= Buffer.from(chunk);
          socket.write(other(chunk, first));
        });
        const result = await runHere(driver, jobFor('tcp', origin.port, echo(64), closed(1), time));
        enough(total(result.errors) > 0);
        assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['body']);
      }
    }),
  );

  test(
    'more than an echo is a framing error',
    stretched(async (time) => {
      await using origin = await byteOrigin((socket) => (chunk) => void socket.write(Buffer.concat([chunk, chunk])));
      const result = await runHere(driver, jobFor('tcp', origin.port, echo(64), closed(1), time));
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['framing']);
    }),
  );

  test(
    'echo at a rate',
    stretched(async (time) => {
      await using origin = await echoOrigin();
      const job = jobFor('tcp', origin.port, echo(64), open(16, 500), { ...time, lead: 150, warmup: 0, window: 300 });
      const result = await runHere(driver, job);
      noErrors(result);
      assert.equal(result.scheduled, 150);
      assert.equal(result.requests + result.dropped!, 150);
    }),
  );

  test(
    'bulk: transfers as they are taken, verified against what the sink received',
    stretched(async (time) => {
      const received = { bytes: 0 };
      await using origin = await sinkOrigin(received);
      const size = 300_000; // no multiple of what is written at once
      const result = await runHere(driver, jobFor('tcp', origin.port, bulk(size), closed(2), { ...time, warmup: 0 }));
      noErrors(result);
      enough(result.requests > 0);
      assert.ok(result.bytesWritten >= result.requests * size);
      assert.ok(received.bytes >= result.bytesWritten);
      // What came after the window's last counted byte was on its way: two pieces and what the socket buffers hold.
      assert.equal(quantilesOf(result.service).count, result.requests);
    }),
  );

  test(
    'bulk into a sink that takes nothing: nothing is counted as transferred that the kernel did not take',
    stretched(async (time) => {
      await using origin = await byteOrigin((socket) => void socket.pause());
      const job = jobFor('tcp', origin.port, bulk(64 * 1024 * 1024), closed(1), { ...time, response: 100 });
      const result = await runHere(driver, job);
      assert.equal(result.requests, 0);
      assert.ok(result.bytesWritten < 64 * 1024 * 1024);
      enough(result.connectionsOpened === 1);
      assert.deepEqual(onlyErrors(result.errors), { timeout: 1 });
    }),
  );

  test(
    'bulk bytes that the sink never received are an error',
    stretched(async (time) => {
      await using origin = await sinkOrigin({ bytes: 0 }, -1);
      const result = await runHere(driver, jobFor('tcp', origin.port, bulk(100_000), closed(2), time));
      enough(result.requests > 0 && result.connectionsOpened === 2);
      assert.deepEqual(onlyErrors(result.errors), { body: 2 });
      assert.match(result.errorSamples[0]!, /expected the sink to count \d+ bytes, it counted \d+/);
    }),
  );

  test(
    'bulk into a sink that resets',
    stretched(async (time) => {
      await using origin = await byteOrigin((socket) => () => void socket.resetAndDestroy());
      const result = await runHere(
        driver,
        jobFor('tcp', origin.port, bulk(100_000_000), closed(2), { ...time, warmup: 0 }),
      );
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['reset']);
      assert.equal(result.requests, 0);
    }),
  );

  test(
    'idle connections: one echoed byte each, then silence',
    stretched(async (time) => {
      let accepted = 0;
      const middle = performance.now() + 8 * time.lead + time.warmup + time.window / 2;
      await using origin = await byteOrigin((socket) => {
        accepted += 1;
        if (accepted === 3) setTimeout(() => socket.resetAndDestroy(), middle - performance.now());
        return (chunk) => void socket.write(chunk);
      });
      const idle = { kind: 'idle', protocol: 'tcp', tls: 'none' } as const;
      const live = liveRow();
      const result = await runShard(
        driver,
        jobFor('tcp', origin.port, idle, closed(100), { ...time, lead: 8 * time.lead }),
        live,
        AbortSignal.timeout(10_000),
      );
      enough(result.errors.timeout === 0 && result.requests < 100);
      assert.equal(accepted, 100);
      assert.equal(result.requests, 99);
      assert.deepEqual(onlyErrors(result.errors), { reset: 1 });
      assert.equal(live[LIVE.ready], 1);
    }),
  );

  test(
    'nobody listens: every idle connection is a connect error',
    stretched(async (time) => {
      const idle = { kind: 'idle', protocol: 'tcp', tls: 'none' } as const;
      const result = await runHere(driver, jobFor('tcp', await freePort(), idle, closed(5), time));
      enough(result.errors.timeout === 0);
      assert.deepEqual(onlyErrors(result.errors), { connect: 5 });
    }),
  );
});
