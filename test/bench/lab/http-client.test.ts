import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '#bench/lab/http-client.ts';
import { httpOrigin } from '../load/origins.ts';

test('an answer without end is given up', async () => {
  const piece = Buffer.alloc(1024 * 1024);
  await using endless = await httpOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more);
    more();
  });
  const target = { host: '127.0.0.1', port: endless.port };
  await assert.rejects(ask(target, { path: '/' }, AbortSignal.timeout(30_000)), /a body of more than 67108864 bytes/);
});
