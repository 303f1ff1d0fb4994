/**
 * The files that Envoy's tutorials hand out, byte for byte, at the ports that they name: in a network namespace of its own where the
 * host lets us have one, else on the host's ports where they are free.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readEnvoyConfig } from '#proxies/config/envoy.ts';

const run = promisify(execFile);
const PORTS = [8080, 1111, 2222] as const;
const INSIDE = ['--net', '--map-root-user', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

async function hasNamespaces(): Promise<boolean> {
  return run('unshare', [...INSIDE, 'true']).then(
    () => true,
    () => false,
  );
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const file = (name: string) => join(import.meta.dirname, 'corpus', `envoy-tutorial-${name}.yaml`);

const TUTORIALS = {
  l7: { proxy: 'l7-http', answers: ['origin 1111', 'origin 2222', 'origin 1111', 'origin 2222'] },
  l4: { proxy: 'l4-tcp', answers: ['origin 1111', 'origin 2222', 'origin 1111', 'origin 2222'] },
  'one-origin': { proxy: 'l7-http', answers: Array.from({ length: 4 }, () => 'origin 1111') },
} as const;

for (const [name, { proxy, answers }] of Object.entries(TUTORIALS)) {
  test(`the tutorial's ${name} file describes ${proxy}`, () => {
    const text = readFileSync(file(name), 'utf8');
    assert.equal(readEnvoyConfig(text).proxy, proxy);
  });

  test(`the tutorial's ${name} file starts as it is, and its endpoints answer in turn`, async (t) => {
    const namespaces = await hasNamespaces();
    if (!namespaces && !(await Promise.all(PORTS.map(isFree))).every(Boolean))
      return t.skip(`ports ${PORTS.join(', ')} are not free, and this host gives no network namespace of our own`);
    const command = [process.execPath, join(import.meta.dirname, 'tutorial.ts'), file(name)];
    const { stdout } = namespaces
      ? await run('unshare', [...INSIDE, ...command])
      : await run(command[0]!, command.slice(1));
    assert.deepEqual(JSON.parse(stdout), { address: '127.0.0.1:8080', answers });
  });
}

test('the files of L7 and L4 differ in the network filter alone', () => {
  const [l7, l4] = ['l7', 'l4'].map((name) => parse(readFileSync(file(name), 'utf8')));
  for (const tree of [l7, l4]) delete tree.static_resources.listeners[0].filter_chains[0].filters;
  assert.deepEqual(l7, l4);
});
