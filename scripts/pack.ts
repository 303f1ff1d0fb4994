/**
 * Makes `dist/`, which is what the package holds besides `bin/`: JavaScript and types by tsc, and beside them what the code reads. npm runs
 * it before it packs. In there stand the same files in the same folders as in the checkout, so that what looks for its neighbour finds it;
 * `#room/file.ts` is resolved to the JavaScript by a package.json of its own.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Lockfile, type Manifest, partOf } from './pack/lockfile.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const ROOMS = ['backends', 'bench', 'proxies', 'reports', 'scripts'] as const;
/** What is compiled, or for readers of the repository. */
const LEFT_OUT = new Set(['.ts', '.cts', '.mjs', '.md', '.png']);

const readJson = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;

const writeJson = (file: string, value: unknown): void =>
  writeFileSync(join(dist, file), `${JSON.stringify(value, null, 2)}\n`);

rmSync(dist, { recursive: true, force: true });
execFileSync(join(root, 'node_modules/.bin/tsc'), ['--project', join(root, 'tsconfig.pack.json')], {
  stdio: 'inherit',
});
for (const room of ROOMS)
  cpSync(join(root, room), join(dist, room), {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(extname(path)) && path !== join(root, 'reports/out'),
  });

const { name, version } = readJson<Manifest>('package.json');
writeJson('package.json', { name, version, type: 'module', imports: { '#*.ts': './*.js' } });

// The workspaces: a checkout has them installed, who has the package fetches them by its commands, locked alike.
const lockfile = readJson<Lockfile>('package-lock.json');
for (const folder of readdirSync(join(root, 'setup'))) {
  const manifest = readJson<Manifest>(`setup/${folder}/package.json`);
  cpSync(join(root, 'setup', folder), join(dist, 'setup', folder), { recursive: true });
  writeJson(`setup/${folder}/package-lock.json`, partOf(lockfile, manifest));
}
