import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { explain } from '#bench/model/errors.ts';

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
};

test('the system’s errors about files: which one, and what it means', () => {
  assert.equal(
    explain(thrownBy(() => readFileSync('/no/such/file'))),
    '/no/such/file: there is no such file or folder',
  );
  assert.equal(explain(thrownBy(() => readFileSync('/'))), 'is a folder');
  assert.equal(explain(thrownBy(() => writeFileSync('/dev/full', 'x'))), 'no space is left on the disk');
});

test('what is said of others stays as it is, with its cause', () => {
  const cause = new Error('why');
  assert.equal(explain(new Error('what', { cause })), 'what: why');
  assert.equal(explain(Object.assign(new Error('spawn x ENOENT'), { code: 'ENOENT', path: 'x' })), 'spawn x ENOENT');
  assert.equal(explain('a text'), 'a text');
});
