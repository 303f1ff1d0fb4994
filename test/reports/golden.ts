/** Expected outputs as files: `UPDATE_GOLDEN=1 node --test test/reports/*.test.ts` writes them anew; read the difference before committing it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function matchesGolden(name: string, actual: string): void {
  const file = join(import.meta.dirname, 'golden', name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
  const expected = readFileSync(file, 'utf8');
  assert.equal(actual, expected, `${name} differs from its golden file`);
}
