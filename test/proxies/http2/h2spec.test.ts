/** h2spec (summerwind) against a minimal server made of the engine: every one of its cases. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { EchoHandler, type Exchange } from './echo-handler.ts';
import { serve } from './socket-server.ts';

function h2spec(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hopcost-h2spec-'));
  after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'h2spec');
  const cwd = join(import.meta.dirname, 'peers/h2spec');
  spawnSync('go', ['build', '-o', binary, 'github.com/summerwind/h2spec/cmd/h2spec'], { cwd });
  return binary;
}

const binary = process.env['HOPCOST_H2SPEC'] ?? h2spec();
const skip = existsSync(binary)
  ? false
  : 'no h2spec: Go is missing or cannot build it; (cd test/proxies/http2/peers/h2spec && go build github.com/summerwind/h2spec/cmd/h2spec)';

test('h2spec: all of its cases pass', { skip }, async () => {
  await using server = await serve<Exchange>((wire) => new EchoHandler(wire));
  const run = spawn(binary, ['-h', '127.0.0.1', '-p', String(server.port), '--timeout', '3']);
  const output = await text(run.stdout);
  assert.match(output, /^145 tests, 145 passed, 0 skipped, 0 failed$/m, output.slice(output.indexOf('Failures:')));
});
