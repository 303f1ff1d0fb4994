/** What is planted is one small fault each, and the tests' own judge tells who notices. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { faultsOf } from './faults.ts';
import { noticedBy, readTestFile } from './tests.ts';

const CASES: readonly { readonly source: string; readonly faults: readonly string[] }[] = [
  { source: 'const f = (a: number) => a + 1;', faults: ['a - 1', 'a + 2'] },
  { source: 'if (a < b) stop();', faults: ['a <= b', 'if (a < b) void 0'] },
  { source: 'const x = a === b && !c;', faults: ['a !== b', 'a === b || !c', '&&  c'] },
  { source: 'const x = ready ? 1 : 2;', faults: ['!(ready) ? 1'] },
  { source: 'list.some(Math.min);', faults: ['list.every(', 'Math.max', 'void 0;'] },
  { source: 'const LIMIT = 5; type Pair = 1 | 2; throw new Error(a + b);', faults: [] },
];

test('each operator, constant, condition and call has its fault; settings, types and the words of an error have none', () => {
  for (const { source, faults } of CASES) {
    const mutants = faultsOf('x.ts', source).map(
      ({ start, end, text }) => source.slice(0, start) + text + source.slice(end),
    );
    assert.equal(mutants.length, faults.length, `${source}\n${mutants.join('\n')}`);
    for (const fault of faults)
      assert.ok(
        mutants.some((mutant) => mutant.includes(fault)),
        `${fault} in\n${mutants.join('\n')}`,
      );
  }
  assert.throws(() => faultsOf('x.ts', 'const = 1'), /expected TypeScript/);
});

test('a fault is noticed by the test that fails, an endless loop too, and by none where nothing depends on it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hopcost-mutants-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const source = 'export const half = (n: number): number => { let i = 0; while (i < n / 2) i++; return i + 0; };\n';
  const file = join(folder, 'half.ts');
  const path = join(folder, 'half.test.ts');
  writeFileSync(file, source);
  writeFileSync(
    path,
    "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { half } from './half.ts';\n" +
      "test('half', () => assert.equal(half(5), 3));\n",
  );
  const testFile = await readTestFile(path);
  assert.ok(testFile.loads.has(file));
  const planted = (from: string, text: string) =>
    noticedBy({ file, start: source.indexOf(from), end: source.indexOf(from) + from.length, text }, [testFile], 1_000);
  assert.equal(await planted('/ 2', '* 2'), testFile);
  assert.equal(await planted('i++', 'i--'), testFile);
  assert.equal(await planted('i + 0', 'i - 0'), undefined);
});
