/** Relative links of all pages lead somewhere. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

const filesUnder = (folder: string): string[] =>
  execFileSync(
    'find',
    ['.', '-name', '*.md', '-not', '-path', '*/node_modules/*', '-not', '-path', './reports/out/*'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )
    .split('\n')
    .filter((name) => name !== '');

/** As GitHub makes them of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** Of one page: the links that lead nowhere. */
function broken(name: string): string[] {
  const text = readFileSync(join(ROOT, name), 'utf8');
  return [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(ROOT, name) : join(ROOT, dirname(name), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
}

test('relative links lead to files, and to headings that are there', () => {
  const names = filesUnder(ROOT);
  assert.ok(names.includes('./README.md'));
  for (const name of names) assert.deepEqual(broken(name), [], name);
});
