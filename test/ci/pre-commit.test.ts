/** The hook checks what is staged, not what lies in the folder. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const COPIED = [
  '.oxlintrc.json',
  '.prettierrc.json',
  'package.json',
  'tsconfig.json',
  'scripts/lint/rooms.ts',
  'scripts/lint/dialect.ts',
];
const GOOD = 'export const one = (): number => 1;\n';

const CASES: readonly { readonly text: string; readonly told: RegExp }[] = [
  { text: 'export const one = (): number=>1;\n', told: /planted\.ts/ },
  { text: 'export const one = (two: number): boolean => two == 1;\n', told: /eqeqeq/ },
  { text: "export const one = (): number => '1';\n", told: /TS2322/ },
];

test('what is staged must be formatted, pass the linter and compile', () => {
  using repository = mkdtempDisposableSync(join(tmpdir(), 'hopcost-hook-'));
  const { path } = repository;
  const git = (...args: string[]): void => void execFileSync('git', args, { cwd: path, stdio: 'ignore' });
  for (const file of COPIED) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(root, file), join(path, file));
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'));
  const planted = join(path, 'scripts/planted.ts');
  const hook = () => spawnSync(join(root, '.githooks/pre-commit'), { cwd: path, encoding: 'utf8' });

  git('init');
  assert.equal(hook().status, 0, 'nothing is staged');
  git('add', '.oxlintrc.json', '.prettierrc.json', 'package.json', 'tsconfig.json', 'scripts');
  for (const { text, told } of CASES) {
    writeFileSync(planted, text);
    git('add', 'scripts/planted.ts');
    writeFileSync(planted, GOOD);
    const { status, stdout, stderr } = hook();
    assert.notEqual(status, 0, text);
    assert.match(stdout + stderr, told);
  }
  git('add', 'scripts/planted.ts');
  writeFileSync(planted, CASES[0]!.text);
  const { status, stdout, stderr } = hook();
  assert.equal(status, 0, stdout + stderr);
});
