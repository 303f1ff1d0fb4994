/** Somebody's project, Nodes and package managers: what an installation is tried with. All of it below one folder. */
import { execFile } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  /** Folders before all others in PATH. */
  readonly path?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Who runs it, where not who runs the tests. */
  readonly uid?: number;
  readonly gid?: number;
  /** On stdin; nothing is there otherwise. */
  readonly input?: string;
}

const OUTPUT = 64 * 2 ** 20;

/** Without the environment of the npm that runs the tests: it names the checkout. */
const plain = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|INIT_CWD|HOPCOST|NODE_(COMPILE_CACHE|OPTIONS|TEST_CONTEXT))/.test(name),
    ),
  );

export function run(
  words: readonly string[],
  { cwd, path = [], env = {}, input = '', ...user }: Surroundings,
): Promise<Ended> {
  const [file, ...args] = words;
  const outside = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.startsWith(root));
  const options = {
    cwd,
    maxBuffer: OUTPUT,
    ...user,
    env: { ...plain(), PATH: [...path, ...outside].join(delimiter), ...env },
  };
  return new Promise((resolve) => {
    const child = execFile(file!, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: error && code === -1 ? `${error.message}\n${stderr}` : stderr });
    });
    child.stdin?.on('error', () => {}).end(input); // it may not read
  });
}

/** What it printed. Rejects with all that it said where it ended with another code than 0. */
export async function succeed(words: readonly string[], surroundings: Surroundings): Promise<string> {
  const { code, stdout, stderr } = await run(words, surroundings);
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** The package, made in `folder`: its path. */
export async function pack(folder: string): Promise<string> {
  const words = ['npm', 'pack', '--json', '--pack-destination', folder];
  const answer = await succeed(words, { cwd: root, path: [PINNED.path] });
  const [{ filename }] = JSON.parse(answer.slice(answer.indexOf('['))) as [{ filename: string }];
  return join(folder, filename);
}

/** The folder of programs of packages that are installed into `folder` by npm. */
export async function programs(folder: string, ...packages: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  await succeed(['npm', 'install', '--no-audit', '--no-fund', ...packages], { cwd: folder });
  return join(folder, 'node_modules/.bin');
}

export const PINNED = { version: process.version, path: dirname(process.execPath) };

/** Files below `folder` with what shows that they were written. Links are not followed: pnpm has a package in one place and many links. */
export function filesOf(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const { size, mtimeMs } = lstatSync(path);
    if (entry.isDirectory()) for (const [file, text] of filesOf(path)) found.set(file, text);
    else if (entry.isFile()) found.set(path, `${size} ${mtimeMs}`);
  }
  return found;
}

/** Nothing can be installed. */
export const isOffline = (await run(['npm', 'view', 'commander', 'version'], { cwd: root })).code !== 0;

/** MiB that the files take, in blocks of 4 KiB. */
export const sizeOf = (folder: string): number =>
  [...filesOf(folder).values()].reduce((sum, text) => sum + Math.ceil(Number(text.split(' ')[0]) / 4_096), 0) / 256;
