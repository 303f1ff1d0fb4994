/** The example proxies are measured as a reader would measure them, in a copy of the checkout. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cli } from '../scripts/cli.ts';
import { scratchCheckout } from './console.ts';

interface Example {
  readonly folder: string;
  readonly subject: string;
  /** What it is run with besides Node, and how that says that it is there. */
  readonly needs?: readonly [string, string];
  readonly build?: readonly [string, ...string[]];
}

const EXAMPLES: readonly Example[] = [
  { folder: 'own-proxy/node', subject: 'mine' },
  { folder: 'own-proxy/python', subject: 'mine', needs: ['python3', '--version'] },
  { folder: 'own-proxy/go', subject: 'mine', needs: ['go', 'version'], build: ['go', 'build', '-o', 'proxy', '.'] },
  { folder: 'nginx', subject: 'my-nginx', needs: ['nginx', '-v'] },
];

const SMALL = ['--preset', 'smoke', '--scenarios', 'http-small', '--generations', '2', '--rounds', '1', '--seed', '1'];

for (const { folder, subject, needs, build } of EXAMPLES) {
  const isMissing = needs !== undefined && spawnSync(needs[0], [needs[1]]).status !== 0;
  const skip = process.platform === 'linux' ? isMissing && `needs ${needs[0]}` : 'needs /proc';
  test(`examples/${folder} is measured`, { skip, timeout: 200_000 }, async () => {
    using checkout = scratchCheckout();
    const cwd = join(checkout.path, 'examples', folder);
    if (build) {
      const { status, stderr } = spawnSync(build[0], build.slice(1), { cwd, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    }
    const entry = join(checkout.path, 'scripts/hopcost.ts');
    await using cli = new Cli(['bench', ...SMALL, '--proxies', 'own', '--json', '--out', 'out'], { cwd, entry });
    const { code, stdout, stderr } = await cli.finished;
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(`"${subject}"`), 'it has figures');
    assert.doesNotMatch(stderr, /carries no load|failed/);
  });
}
