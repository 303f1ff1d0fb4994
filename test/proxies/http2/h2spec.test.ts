/** h2spec (summerwind) against a minimal server made of the engine: every one of its cases. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import { EchoHandler, type Exchange } from './echo-handler.ts';
import { h2spec } from './h2spec.ts';
import { serve } from './socket-server.ts';

const { binary, skip } = h2spec();

test('h2spec: all of its cases pass', { skip }, async () => {
  await using server = await serve<Exchange>((wire) => new EchoHandler(wire));
  const run = spawn(binary, ['-h', '127.0.0.1', '-p', String(server.port), '--timeout', '3']);
  const output = await text(run.stdout);
  assert.match(output, /^145 tests, 145 passed, 0 skipped, 0 failed$/m, output.slice(output.indexOf('Failures:')));
});
