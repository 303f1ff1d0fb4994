#!/usr/bin/env node
/**
 * `npm run test:mutants -- [ROOM…] [--count 25] [--seed 1] [--minutes 10] [--since REVISION]`: would the tests notice? In each room
 * single faults are planted, in seeded random order, and the room's tests run over each. Those that no test noticed are listed. Exit
 * code 1 where fewer than 90 % were noticed. With `--since`, faults stand only on lines that changed since that revision.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '#bench/model/errors.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import { EXIT } from '#scripts/exit.ts';
import { known } from '#scripts/nearest.ts';
import { faultsOf } from './faults.ts';
import { HARMLESS } from './harmless.ts';
import type { Mutant } from './plant.ts';
import { noticedBy, readTestFile, type TestFile } from './tests.ts';

/** The pure rooms, and the tests that speak for each. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'proxies/http': ['test/proxies/http', 'test/proxies/fuzz'],
  'proxies/cluster': ['test/proxies/cluster'],
  'bench/stats': ['test/bench/stats'],
  'bench/gate': ['test/bench/gate'],
  'bench/analysis': ['test/bench/analysis'],
  'bench/plan': ['test/bench/plan'],
};
const REQUIRED = 0.9;
const root = join(import.meta.dirname, '../..');

interface Outcome {
  readonly mutant: Mutant;
  readonly noticed: boolean;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    since: { type: 'string' },
  },
});

function positive(option: 'count' | 'seed' | 'minutes'): number {
  const value = Number(values[option]);
  if (!(value > 0)) throw new UsageError(`--${option}: expected a number above 0, got '${values[option]}'`);
  return value;
}

/** Lines (from 1) that stand in the working tree and not in the revision. */
function changedLines(file: string, revision: string): ReadonlySet<number> {
  const diff = execFileSync('git', ['diff', '--unified=0', revision, '--', file], { cwd: root, encoding: 'utf8' });
  const lines = new Set<number>();
  for (const [, from, count = '1'] of diff.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm))
    for (let i = 0; i < Number(count); i++) lines.add(Number(from) + i);
  return lines;
}

const lineAt = (source: string, offset: number): number => source.slice(0, offset).split('\n').length;

/** The line on which a fault begins, as it would stand. */
function faultyLine({ file, start, end, text }: Mutant): string {
  const source = readFileSync(file, 'utf8');
  const from = source.lastIndexOf('\n', start - 1) + 1;
  const to = source.indexOf('\n', end);
  return (source.slice(from, start) + text + source.slice(end, to)).replaceAll(/\s+/g, ' ').trim();
}

const isHarmless = (mutant: Mutant): boolean =>
  HARMLESS.some(({ file, line }) => join(root, file) === mutant.file && line === faultyLine(mutant));

function mutantsOf(file: string): Mutant[] {
  const source = readFileSync(file, 'utf8');
  const lines = values.since === undefined ? undefined : changedLines(file, values.since);
  return faultsOf(file, source)
    .filter(({ start }) => lines === undefined || lines.has(lineAt(source, start)))
    .map((fault) => ({ file, ...fault }))
    .filter((mutant) => !isHarmless(mutant));
}

/** As many at once as there are cores. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

async function tryRoom(room: string, deadline: number): Promise<Outcome[]> {
  const files = globSync(`${room}/**/*.ts`, { cwd: root }).map((file) => join(root, file));
  const planted = shuffled(files.flatMap(mutantsOf), mulberry32(positive('seed'))).slice(0, positive('count'));
  if (planted.length === 0) return [];
  const paths = globSync(
    ROOMS[room]!.map((folder) => `${folder}/**/*.test.ts`),
    { cwd: root },
  );
  const tests: readonly TestFile[] = await inParallel(
    paths.map((path) => join(root, path)),
    readTestFile,
  );
  const outcomes = await inParallel(planted, async (mutant): Promise<Outcome | undefined> => {
    if (performance.now() > deadline) return undefined;
    return { mutant, noticed: (await noticedBy(mutant, tests)) !== undefined };
  });
  return outcomes.filter((outcome) => outcome !== undefined);
}

function tell(room: string, outcomes: readonly Outcome[]): void {
  const noticed = outcomes.filter((outcome) => outcome.noticed).length;
  process.stdout.write(`${room}: ${noticed} of ${outcomes.length} noticed\n`);
  for (const { mutant } of outcomes.filter((outcome) => !outcome.noticed)) {
    const line = lineAt(readFileSync(mutant.file, 'utf8'), mutant.start);
    process.stdout.write(`  ${relative(root, mutant.file)}:${line}  ${faultyLine(mutant)}\n`);
  }
}

for (const room of positionals) known('room', room, Object.keys(ROOMS));
const deadline = performance.now() + positive('minutes') * 60_000;
const all: Outcome[] = [];
for (const room of positionals.length > 0 ? positionals : Object.keys(ROOMS)) {
  const outcomes = await tryRoom(room, deadline);
  tell(room, outcomes);
  all.push(...outcomes);
}
const share = all.length === 0 ? 1 : all.filter(({ noticed }) => noticed).length / all.length;
process.stdout.write(`${(share * 100).toFixed(0)} % of ${all.length} faults noticed\n`);
if (performance.now() > deadline) process.stdout.write('the time was up before all were tried\n');
if (share < REQUIRED) process.exitCode = EXIT.failure;
