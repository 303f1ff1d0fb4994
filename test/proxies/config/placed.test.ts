/**
 * What is new to the intent does not compile before it is placed: in the table of features, and then in the table of offers of every
 * proxy. Two fields are planted in a copy of the sources: one that no table knows, one whose feature no proxy knows.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempDisposableSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../../..');

/** Every file that has a table of offers that must be whole. */
const TABLES = [
  'proxies/l4/offers.ts',
  'proxies/l7/offered.ts',
  'proxies/peers/apache.ts',
  'proxies/peers/caddy.ts',
  'proxies/peers/envoy.ts',
  'proxies/peers/haproxy.ts',
  'proxies/peers/nginx.ts',
  'proxies/peers/node-http.ts',
  'proxies/peers/node-library.ts',
  'proxies/peers/traefik.ts',
];

test('a field that is new to the intent does not compile until it is placed, for all proxies', () => {
  using sandbox = mkdtempDisposableSync(join(tmpdir(), 'hopcost-placed-'));
  const inSandbox = (name: string): string => join(sandbox.path, name);
  cpSync(join(root, 'proxies'), inSandbox('proxies'), { recursive: true });
  cpSync(join(root, 'package.json'), inSandbox('package.json'));
  symlinkSync(join(root, 'node_modules'), inSandbox('node_modules'));
  const settings = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as object;
  writeFileSync(
    inSandbox('tsconfig.json'),
    JSON.stringify({ ...settings, include: ['proxies/registry.ts', 'proxies/config'] }),
  );
  const edit = (name: string, before: string, after: string): void => {
    const text = readFileSync(inSandbox(name), 'utf8');
    assert.ok(text.includes(before), `${name}: no ${before}`);
    writeFileSync(inSandbox(name), text.replace(before, after));
  };
  edit(
    'proxies/config/intent.ts',
    'export interface ProxyIntent {',
    "export interface ProxyIntent {\n  readonly unknown?: { readonly mode: 'soft' | 'hard' };\n  readonly unplaced?: number;",
  );
  edit(
    'proxies/config/features.ts',
    'export const FEATURES = {',
    "export const FEATURES = {\n  unplaced: 'planted feature',",
  );

  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'], {
    cwd: sandbox.path,
    encoding: 'utf8',
  });
  // An error may go on in indented lines.
  const errors = tsc.stdout.trimEnd().split(/\n(?=\S)/);
  const filesWith = (text: RegExp): string[] =>
    [...new Set(errors.filter((error) => text.test(error)).map((error) => error.split('(')[0]!))].toSorted();
  for (const place of [/missing.*: unknown\b/, /missing.*"unknown\.mode=soft"/, /missing.*"unknown\.mode=hard"/])
    assert.deepEqual(filesWith(place), ['proxies/config/features.ts'], tsc.stdout);
  assert.deepEqual(filesWith(/Property '"planted feature"' is missing/), TABLES, tsc.stdout);
  assert.deepEqual(filesWith(/./), ['proxies/config/features.ts', ...TABLES].toSorted());
});
