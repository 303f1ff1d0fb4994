/** Programs that are missing, too old, mute, or refuse what they are given: a planted one in PATH in place of the real one. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { findBinary, type BinaryQuery } from '#proxies/peers/binary.ts';
import { Cli, temporaryFolder } from '../../scripts/cli.ts';

const query: BinaryQuery = {
  title: 'Planted',
  names: ['hopcost-planted-proxy'],
  versionArgs: ['-v'],
  versionPattern: /planted\/(\d+\.\d+\.\d+)/,
  oldest: '1.20.0',
};

function plant(folder: string, name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

describe('a program', () => {
  const inPath = async (script: string | undefined) => {
    using folder = temporaryFolder();
    if (script !== undefined) plant(folder.path, query.names[0]!, script);
    const before = process.env['PATH'];
    process.env['PATH'] = `${folder.path}${delimiter}${before}`;
    try {
      return await findBinary(query);
    } finally {
      process.env['PATH'] = before;
    }
  };

  test('that is there and new enough', async () => {
    const found = await inPath('echo planted/1.20.1 >&2; exit 1');
    assert.ok(!('state' in found));
    assert.equal(found.version, '1.20.1');
  });

  for (const [what, script, reason] of [
    ['that is not there', undefined, /^Planted is not installed \(no hopcost-planted-proxy in PATH\)$/],
    ['that is too old', 'echo planted/1.3.9', /^Planted 1\.3\.9 \(.*\) is too old: 1\.20\.0 or later is needed$/],
    ['that does not tell its version', 'echo who knows', /did not tell its version; '-v' gave 'who knows'$/],
  ] as const)
    test(what, async () => {
      const found = await inPath(script);
      assert.ok('state' in found);
      assert.match(found.reason, reason);
      assert.equal(found.install, 'npx hopcost setup-peers');
    });
});

describe('NGINX, planted', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  async function bench(script: string, ...args: string[]) {
    using folder = temporaryFolder();
    plant(folder.path, 'nginx', script);
    await using cli = new Cli(
      ['bench', '--preset', 'smoke', '--scenarios', 'http-small', '--duration', '200ms', ...args],
      { cwd: folder.path, env: { PATH: `${folder.path}${delimiter}${process.env['PATH']}` } },
    );
    return await cli.finished;
  }
  const says = (version: string, then: string): string =>
    `case "$1" in -v|-V) echo "nginx version: nginx/${version}" >&2; exit 0;; esac\n${then}`;

  test('too old: an error where it is named', async () => {
    const { code, stdout, stderr } = await bench(says('1.2.0', ''), '--proxies', 'nginx-http');
    assert.match(
      stderr,
      /^hopcost: nginx-http cannot run here: NGINX 1\.2\.0 \(.*\/nginx\) is too old: .*; what to do: npx hopcost setup-peers$/m,
    );
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  });

  for (const [what, then, message] of [
    [
      'refuses its configuration',
      'case " $* " in *" -t "*) echo "unknown directive \\"planted\\" in nginx.conf:1" >&2; exit 1;; esac',
      /nginx-http is not measured: .*nginx-http: NGINX 99\.0\.0 \(.*\/nginx\) refuses its configuration .*unknown directive "planted".*--- nginx\.conf\n.*What to do: /s,
    ],
    [
      'exits at once',
      'case " $* " in *" -t "*) exit 0;; esac\necho "planted: no such luck" >&2; exit 7',
      /nginx-http is not measured: .*nginx-http: NGINX 99\.0\.0 \(.*\/nginx\) exited at once \(code 7\); .*planted: no such luck\n--- nginx\.conf\n.*What to do: start it by hand/s,
    ],
  ] as const)
    test(`${what}: told with version, configuration and what to do`, async () => {
      const { stderr } = await bench(says('99.0.0', then), '--proxies', 'nginx-http');
      assert.match(stderr, message);
    });
});
