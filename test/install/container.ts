/**
 * `npm run test:install`: the container image. Built and run where there is a builder; else its steps are played on overlays of this
 * system, which takes root and a Debian.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { imageOf, instructionsOf, scriptOf } from './containerfile.ts';
import { isOffline, root, succeed } from './place.ts';

const instructions = instructionsOf(readFileSync(join(root, 'Containerfile'), 'utf8'));
const image = imageOf(instructions);
const builder = ['podman', 'docker'].find((name) => spawnSync(name, ['info']).status === 0);
const canPlay = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

const place = mkdtempSync(join(tmpdir(), 'hopcost-image-'));
after(() => rmSync(place, { recursive: true, force: true }));

/** Every proxy that hopcost knows; the word is printed once all of them run there. */
const EVERY_PEER = `hopcost list --json | node -e '
const { subjects } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const missing = subjects.filter(({ availability }) => availability.state === "missing").map(({ name }) => name);
console.log(missing.length === 0 && subjects.length > 20 ? "every peer" : missing.join());
'`;
const SMOKE = 'hopcost bench --preset smoke --scenarios http-small --proxies nginx-http,haproxy-http,envoy-http,httpxy';
const CHECKS = [
  `id -u`,
  'node --version',
  EVERY_PEER,
  SMOKE,
  'ls reports/out/latest/',
  '! touch /opt/hopcost/x 2> /dev/null',
];

test('the image is not root’s, of the Node that claims are measured with, and starts hopcost', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'setup/node/package.json'), 'utf8')) as { version: string };
  for (const { text } of instructions.filter(({ name }) => name === 'FROM'))
    assert.ok(text.includes(`/node:${version}-`));
  assert.ok(Number(image.user) > 0);
  assert.deepEqual([image.entrypoint, image.command], [['hopcost'], ['bench']]);
});

test('compose.yaml: the same file, loopback alone, and no more rights than it needs', () => {
  const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: Readonly<
      Record<string, { build: { dockerfile: string }; command: string[]; user: string; cap_drop: string[] }>
    >;
  };
  assert.deepEqual(Object.keys(services), ['bench', 'serve']);
  for (const [name, { build, command, user, cap_drop: dropped }] of Object.entries(services)) {
    assert.deepEqual([build.dockerfile, command, dropped], ['Containerfile', [name], ['ALL']]);
    assert.match(user, /^\$\{UID:-10001\}/);
  }
});

const skip = isOffline
  ? 'no package registry answers'
  : builder === undefined && !canPlay
    ? 'neither a builder nor root'
    : false;

test(
  'every proxy is in the image, it measures as nobody in particular, and writes nothing but its reports',
  { skip, timeout: 1_800_000 },
  async () => {
    const input = `set -e\n${CHECKS.join('\n')}\n`;
    let said: string;
    if (builder !== undefined) {
      await succeed([builder, 'build', '--file', 'Containerfile', '--tag', 'hopcost-test', '.'], { cwd: root });
      const words = [builder, 'run', '--rm', '--interactive', '--entrypoint', 'sh', 'hopcost-test', '-s'];
      said = await succeed(words, { cwd: root, input });
    } else {
      const absent = ['nginx', 'nginx-common', 'haproxy', 'apache2-bin', 'wrk', 'nghttp2-client'].filter(
        (name) => spawnSync('dpkg', ['--status', name]).status === 0,
      );
      const file = join(place, 'play.sh');
      const ground = { context: root, node: process.execPath, place, absent };
      writeFileSync(file, `${scriptOf(instructions, ground)}in_image sh -s\n`);
      said = await succeed(['unshare', '--mount', 'bash', file], { cwd: place, input });
    }
    assert.match(said, new RegExp(`^${image.user}$`, 'm'));
    assert.match(said, /^every peer$/m);
    assert.match(said, /^report\.html$/m);
  },
);
