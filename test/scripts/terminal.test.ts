import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { terminalOf, wantsColour } from '#scripts/terminal.ts';

const stream = (isTTY: boolean, columns?: number): NodeJS.WriteStream =>
  Object.assign(new PassThrough(), { isTTY, columns }) as unknown as NodeJS.WriteStream;

test('colour: not without a terminal, and never against NO_COLOR', () => {
  assert.equal(wantsColour(stream(true), { NO_COLOR: '1' }), false);
  assert.equal(wantsColour(stream(false), {}), process.env['FORCE_COLOR'] !== undefined);
});

test('a terminal has its own width, a pipe none', () => {
  assert.equal(terminalOf(stream(true, 132)).width, 132);
  assert.equal('width' in terminalOf(stream(false)), false);
});
