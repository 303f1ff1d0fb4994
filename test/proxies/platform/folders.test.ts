/** Where hopcost keeps what it makes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheFolder } from '#proxies/platform/cache.ts';

const root = join(import.meta.dirname, '../../..');
const { cacheFolder: ofLauncher } = createRequire(import.meta.url)(join(root, 'scripts/setup/locked.cjs')) as {
  cacheFolder: typeof cacheFolder;
};

function withEnvironment<T>(changed: NodeJS.ProcessEnv, act: () => T): T {
  const before = { ...process.env };
  for (const name of ['HOPCOST_CACHE', 'XDG_CACHE_HOME']) delete process.env[name];
  Object.assign(process.env, changed);
  try {
    return act();
  } finally {
    process.env = before;
  }
}

test('the cache folder is what is asked for, else XDG’s, else the usual one; the launcher agrees', () => {
  for (const [environment, expected] of [
    [{ HOPCOST_CACHE: '/a b', XDG_CACHE_HOME: '/x' }, '/a b/part'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/hopcost/part'],
    [{ XDG_CACHE_HOME: '' }, join(homedir(), '.cache/hopcost/part')],
  ] as const)
    withEnvironment(environment, () => {
      assert.equal(cacheFolder('part'), expected);
      assert.equal(ofLauncher('part'), expected);
    });
});

test('a TMPDIR that is not there: which one, and what to do', () => {
  const script = `import { makeTemporaryFolder } from '#proxies/platform/temporary.ts'; makeTemporaryFolder('x-');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    env: { ...process.env, TMPDIR: '/no/such/folder' },
    encoding: 'utf8',
  });
  assert.match(stderr, /no temporary folder can be made in \/no\/such\/folder \(ENOENT\): set TMPDIR to a folder/);
});
