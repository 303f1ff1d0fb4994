/** The attacks on the codec, against the whole proxy: what they cost it and its origin, and that others are served all the while. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { frame } from '../http2/frame-bytes.ts';
import { GOAWAY } from '../http2/raw-peer.ts';
import { RECIPES } from '../http2/recipes.ts';
import { lab } from './http2-lab.ts';

const PING = 6;
const ACK = 1;
/** Attacker, proxy and origin together, in milliseconds of CPU. */
const MOST_MILLIS = 1_000;
const MOST_BYTES = 2 * 1_024 * 1_024;
/** Of five thousand: what the budgets let through before they are used up. */
const MOST_REQUESTS = 1_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const settled = async (): Promise<number> => {
  // What a finalizer frees is freed in the turn after.
  for (let turn = 0; turn < 2; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

describe('an attack on a proxy', () => {
  for (const { name, bytes, before = Buffer.alloc(0) } of RECIPES)
    it(name, async () => {
      let requests = 0;
      const origin = createServer((request, response) => {
        requests++;
        request.resume();
        response.end(request.url === '/' ? 'x'.repeat(64) : 'ok');
      });
      await using setup = await lab(origin, 'http1');
      const bystander = connect(`http://127.0.0.1:${setup.port}`);
      const other = (): Promise<string> => text(bystander.request({ ':path': '/other' }));
      assert.equal(await other(), 'ok');
      const earlier = await settled();
      const cpu = process.cpuUsage();
      const client = await setup.client();
      client.send(before, bytes, frame(PING, 0, 0, 'aaaaaaaaaaaaaaaa'));
      const isEnd = (found: { type: number; flags: number; payload: Buffer }): boolean =>
        found.type === GOAWAY || (found.type === PING && found.flags === ACK && found.payload[0] === 0xaa);
      await client.sees(isEnd);
      assert.equal(await other(), 'ok');
      const { user, system } = process.cpuUsage(cpu);
      assert.ok((user + system) / 1e3 <= MOST_MILLIS, `${(user + system) / 1e3} ms`);
      client.frames.length = 0;
      const grown = (await settled()) - earlier;
      assert.ok(grown <= MOST_BYTES, `${grown} bytes`);
      assert.ok(requests <= MOST_REQUESTS, `${requests} requests reached the origin`);
      client.socket.destroy();
      assert.equal(await other(), 'ok');
      bystander.close();
    });
});
