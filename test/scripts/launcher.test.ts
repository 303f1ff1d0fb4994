/** The launcher, and what it and the commands say of the Node that runs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeNote } from '#scripts/version.ts';

const root = join(import.meta.dirname, '../..');
const launch = (...words: readonly string[]) =>
  spawnSync(process.execPath, [join(root, 'bin/hopcost.cjs'), ...words], { encoding: 'utf8' });

test('the launcher tells the version by itself, and hands all else on with its exit code', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  for (const flag of ['--version', '-V']) assert.deepEqual(launch(flag).stdout, `${version}\n`);
  const { status, stderr } = launch('bench', '--preset', 'no-such');
  assert.equal(status, 2);
  assert.match(stderr, /unknown preset 'no-such'/);
});

test('setup-node tells where the pinned Node is', () => {
  const { status, stdout } = launch('setup-node');
  if (status !== 0) return; // none for this platform
  assert.match(stdout, /^Node \d+\.\d+\.\d+: \/.*\/bin\/node\n$/);
});

test('a Node that claims are not measured with is told', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'setup/node/package.json'), 'utf8')) as { version: string };
  assert.equal(nodeNote(`v${version}`), '');
  assert.match(nodeNote('v22.23.3'), /^note: Node v22\.23\.3 runs here .*claims are measured with v\d+/);
});
