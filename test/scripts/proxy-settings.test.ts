/** Every limit and time-out of a proxy by flag, and the documented list of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { flagName, LIMITS, settingsTable, TIMEOUTS } from '#proxies/config/settings.ts';
import { parseLimits, parseTimeouts } from '#scripts/proxy-settings.ts';

/** As a reader sees it: cells, whatever the spaces around them. */
const cellsOf = (markdown: string): string[][] =>
  markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^-+$/, '---')),
    );

test('the documented list is the table that flags are read by', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8');
  const [table = ''] = /^\| flag [^]*?\n\n/m.exec(page) ?? [];
  assert.deepEqual(cellsOf(table), cellsOf(settingsTable()));
});

test('every name is read', () => {
  for (const key of Object.keys(TIMEOUTS)) {
    assert.deepEqual(parseTimeouts([`${flagName(key)}=1500ms`]), { [key]: 1_500 });
    assert.deepEqual(parseTimeouts([`${flagName(key)}=0`]), { [key]: 0 });
  }
  for (const key of Object.keys(LIMITS)) assert.deepEqual(parseLimits([`${flagName(key)}=7`]), { [key]: 7 });
  assert.deepEqual(parseLimits(['body-bytes=none']), { bodyBytes: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(parseTimeouts(['connect=1h', 'connect=2m']), { connect: 120_000 });
});

test('what is no setting is refused with what there is', () => {
  const cases: [() => unknown, RegExp][] = [
    [
      () => parseTimeouts(['upstream-respons=1s']),
      /unknown timeout 'upstream-respons'; did you mean 'upstream-response'\?/,
    ],
    [() => parseTimeouts(['connect']), /--timeout connect: expected NAME=VALUE; names are connect, /],
    [() => parseTimeouts(['connect=soon']), /--timeout connect= soon: expected a duration/],
    [() => parseTimeouts(['connect=-1s']), /expected a duration/],
    [() => parseTimeouts(['connect=100000000h']), /expected a duration/],
    [() => parseLimits(['pipelined=many']), /--limit pipelined= many: expected a whole number/],
  ];
  for (const [parse, says] of cases) assert.throws(parse, says);
});
