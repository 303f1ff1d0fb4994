/** Parts of lockfiles: all that is needed and nothing else, each at its place. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Lockfile, type Manifest, partOf } from '#scripts/pack/lockfile.ts';

const root = join(import.meta.dirname, '../../..');
const readJson = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const whole = readJson<Lockfile>('package-lock.json');

test('what a package needs is found below it first, then above; cycles end', () => {
  const lockfile: Lockfile = {
    name: 'x',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0', dependencies: { b: '^2.0.0', c: '*' }, dev: true },
      'node_modules/a/node_modules/b': { version: '2.0.0', peerDependencies: { absent: '*' } },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/c': { version: '1.0.0', optionalDependencies: { a: '*', d: '*' } },
      'node_modules/e': { version: '1.0.0' },
    },
  };
  const manifest = { name: 'part', version: '3.0.0', dependencies: { a: '1.0.0' } };
  const { packages, ...head } = partOf(lockfile, manifest);
  assert.deepEqual(head, { name: 'part', version: '3.0.0', lockfileVersion: 3 });
  assert.deepEqual(Object.keys(packages), ['', 'node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/c']);
  assert.ok(!('dev' in packages['node_modules/a']!));
  assert.throws(() => partOf(lockfile, { ...manifest, dependencies: { z: '1' } }), /package-lock\.json has no z/);
});

test('the parts of this lockfile: every package with its hash', () => {
  for (const name of ['node', 'peers']) {
    const manifest = readJson<Manifest>(`setup/${name}/package.json`);
    const { packages } = partOf(whole, manifest);
    for (const wanted of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      assert.ok(`node_modules/${wanted}` in packages, wanted);
    for (const [place, locked] of Object.entries(packages))
      if (place !== '') assert.match(String((locked as { integrity?: string }).integrity), /^sha512-/, place);
  }
});
