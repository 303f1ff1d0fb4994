/** `hopcost proxy` and `hopcost backend` in the foreground: the ready line, traffic, drain on SIGTERM. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cli } from './cli.ts';

interface Ready {
  readonly ready: boolean;
  readonly address: string;
  readonly pid: number;
}

const ready = async (cli: Cli): Promise<Ready> => JSON.parse(await cli.line('stdout', '{')) as Ready;

for (const proxy of ['l4-tcp', 'l7-http', 'node-http'])
  test(`${proxy} forwards to a backend, and both end with 0 on SIGTERM`, async () => {
    await using origin = new Cli(['backend', 'http-fixed', '--listen', '127.0.0.1:0']);
    const { address: upstream, pid, ready: isReady } = await ready(origin);
    assert.deepEqual({ pid, isReady }, { pid: origin.process.pid, isReady: true });
    await using hop = new Cli(['proxy', proxy, '--listen', '127.0.0.1:0', '--upstream', upstream]);
    const { address } = await ready(hop);
    const response = await fetch(`http://${address}/bytes/1000`, { headers: { connection: 'close' } });
    assert.equal((await response.arrayBuffer()).byteLength, 1_000);
    for (const cli of [hop, origin]) {
      cli.process.kill('SIGTERM');
      const { code, stderr } = await cli.finished;
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    }
  });
