import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import net from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { writeHandle } from '#proxies/platform/tcp-handle.ts';
import { enough, stretched, type Timing } from '../jobs.ts';
import { answer, byteOrigin } from '../origins.ts';

const driverUrl = new URL('../../../../bench/load/http1/driver.ts', import.meta.url).href;
const jobsUrl = new URL('../jobs.ts', import.meta.url).href;

const sizes = [0, 100, 4_000_000]; // the last is more than a socket takes at once: the rest goes later, whole and in order
const pattern = 'hopcost upload 0123456789abcdef.';

/** Runs uploads of each size in a process of its own, with or without handles below `net.Socket`. */
async function uploads(
  port: number,
  plain: '0' | '1',
  time: Timing,
): Promise<{ requests: number; errorSamples: string[] }[]> {
  const script = `
    import { driver } from ${JSON.stringify(driverUrl)};
    import { closed, get, jobFor, runHere } from ${JSON.stringify(jobsUrl)};
    const results = [];
    for (const bodyBytes of ${JSON.stringify(sizes)}) {
      const request = { method: 'POST', path: '/' + bodyBytes, headers: [], bodyBytes };
      const job = jobFor('http1', ${port}, get(2, { request }), closed(1), ${JSON.stringify({ ...time, warmup: 0 })});
      const { requests, errorSamples } = await runHere(driver, job);
      results.push({ requests, errorSamples });
    }
    console.log(JSON.stringify(results));`;
  const env = { ...process.env, HOPCOST_PLAIN_SOCKETS: plain };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  return JSON.parse(stdout) as { requests: number; errorSamples: string[] }[];
}

test('this runtime hands out what the direct path needs', async () => {
  await using origin = await byteOrigin(() => {});
  const socket = net.connect(origin.port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  assert.notEqual(writeHandle(socket), undefined);
  socket.destroy();
  assert.equal(writeHandle(socket), undefined);
});

for (const plain of ['0', '1'] as const) {
  test(
    `uploads of any size arrive whole, ${plain === '1' ? 'through net.Socket' : 'below it'}`,
    stretched(async (time) => {
      const whole = new Set<number>();
      await using origin = await byteOrigin((socket) => {
        const chunks: Buffer[] = [];
        let length = 0;
        return (chunk) => {
          chunks.push(chunk);
          length += chunk.length;
          const head = chunks[0]!.indexOf('\r\n\r\n') + 4;
          const size = Number(/^POST \/(\d+)/.exec(chunks[0]!.toString('latin1', 0, 30))![1]);
          if (length < head + size) return;
          const body = Buffer.concat(chunks.splice(0)).subarray(head);
          length = 0;
          if (body.equals(Buffer.alloc(size, pattern))) whole.add(size);
          socket.write(answer('ok'));
        };
      });
      for (const { requests, errorSamples } of await uploads(origin.port, plain, time)) {
        assert.deepEqual(errorSamples, []);
        enough(requests > 0);
      }
      assert.deepEqual([...whole], sizes);
    }),
  );
}
