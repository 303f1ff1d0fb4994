/** Test files as judges: which sources each of them loads, how long it takes, and whether it notices a fault. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './plant.ts';

export interface TestFile {
  readonly path: string;
  /** Absolute paths of all it loads. */
  readonly loads: ReadonlySet<string>;
  /** Milliseconds, with nothing planted. */
  readonly took: number;
}

const PRELOADED = join(import.meta.dirname, 'plant.ts');
const BASELINE_LIMIT = 180_000;
/** A fault may turn a loop endless: a file that takes this many times as long as it did has noticed. */
const ENDLESS = 5;

/** Runs a test file until it ends or a test fails. Resolves to whether all passed in `limit` milliseconds. */
async function passes(path: string, environment: Readonly<Record<string, string>>, limit: number): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', PRELOADED, '--test-reporter=tap', path], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true, // a group of its own, which is ended whole
  });
  let failed = false;
  const end = (): void => {
    failed = true;
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(end, limit);
  let line = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    line = (line + text).slice(-64);
    if (/^\s*not ok /m.test(line + text)) end();
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return !failed && code === 0;
}

/** @throws an error that names the file, where its tests fail with nothing planted */
export async function readTestFile(path: string): Promise<TestFile> {
  const list = join(tmpdir(), `hopcost-loaded-${randomUUID()}`);
  const from = performance.now();
  try {
    const passed = await passes(path, { HOPCOST_LOADED: list }, BASELINE_LIMIT);
    if (!passed)
      throw new Error(
        `${path}: expected its tests to pass within ${BASELINE_LIMIT / 1_000} s with nothing planted; run it by itself`,
      );
    const loads = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
    return { path, loads: new Set(loads), took: performance.now() - from };
  } finally {
    rmSync(list, { force: true });
  }
}

/** The quickest files first, each for `atLeast` milliseconds. Undefined where none of those that load the source fails. */
export async function noticedBy(
  mutant: Mutant,
  tests: readonly TestFile[],
  atLeast = 10_000,
): Promise<TestFile | undefined> {
  for (const test of tests.filter(({ loads }) => loads.has(mutant.file)).toSorted((a, b) => a.took - b.took)) {
    const limit = Math.max(atLeast, ENDLESS * test.took);
    if (!(await passes(test.path, { HOPCOST_MUTANT: JSON.stringify(mutant) }, limit))) return test;
  }
  return undefined;
}
