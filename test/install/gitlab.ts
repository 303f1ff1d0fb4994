/**
 * `npm run test:install`: the job of the GitLab template, in a clone of depth 1 of another repository, without root, with the package as it
 * would be published.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gitlabTemplate } from '../ci/parsed.ts';
import { isOffline, pack, programs, run } from './place.ts';
import { checkoutOf, handOver, NOBODY, repository } from './repository.ts';

const place = mkdtempSync(join(tmpdir(), 'hopcost-gitlab-'));
after(() => rmSync(place, { recursive: true, force: true }));

test(
  'a merge request of another repository is measured',
  { skip: isOffline && 'no package registry answers', timeout: 900_000 },
  async () => {
    const { job, spec } = gitlabTemplate;
    const node = await programs(join(place, 'node'), 'node@24');
    const { url, base } = repository(join(place, 'origin'));
    const cwd = checkoutOf(url, join(place, 'work'));
    const inputs: Readonly<Record<string, string>> = {
      ...Object.fromEntries(Object.entries(spec.inputs).map(([name, { default: usual }]) => [name, String(usual)])),
      package: `--package ${await pack(place)} hopcost`,
      args: '--rounds 9 --scenarios http-small --seed 1',
    };
    const filled = (line: string): string =>
      line.replace(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => inputs[name]!);
    const env = { ...job.variables, CI_MERGE_REQUEST_DIFF_BASE_SHA: base, HOME: join(place, 'home') };
    handOver(place);
    const shell = (lines: readonly string[]) =>
      run(['bash', '-euo', 'pipefail', '-c', lines.map(filled).join('\n')], { cwd, path: [node], env, ...NOBODY });
    const { code, stdout, stderr } = await shell(job.script);
    assert.equal(code, 99, `${stdout}\n${stderr}`);
    assert.match(stdout, /our-proxy/);
    assert.equal((await shell(job.after_script)).code, 0);
    const junit = join(cwd, job.artifacts.reports.junit);
    assert.ok(existsSync(junit));
    assert.match(readFileSync(junit, 'utf8'), /<failure/);
  },
);
