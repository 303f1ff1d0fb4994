import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HistoryError, HistoryLine, readHistory } from '#bench/model/history.ts';
import { historyLines } from '#test/bench/analysis/across-runs/history-lines.ts';

const lines = historyLines({ runs: 4 });
const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

test('what is written is what is read, oldest first whatever the order', () => {
  assert.deepEqual(readHistory(text), { lines, notes: [] });
  assert.deepEqual(readHistory(text.trimEnd().split('\n').toReversed().join('\n')).lines, lines);
  assert.deepEqual(readHistory('').lines, []);
});

test('cut short at any place: whole lines stand, the half is told', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length }), (length) => {
      const cut = text.slice(0, length);
      const { lines: read, notes } = readHistory(cut);
      const whole = cut.split('\n').filter((line) => {
        try {
          return HistoryLine.safeParse(JSON.parse(line)).success;
        } catch {
          return false;
        }
      });
      assert.equal(read.length, whole.length);
      assert.deepEqual(read, lines.slice(0, whole.length));
      const rest = cut.split('\n').filter((line) => line !== '').length - whole.length;
      assert.equal(notes.length, rest);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('half a line within, a conflict’s marker, an empty line, a run twice', () => {
  const [a, b] = lines.map((line) => JSON.stringify(line)) as [string, string];
  const { lines: read, notes } = readHistory(`${a}\n${b.slice(0, 40)}\n\n<<<<<<< HEAD\n${b}\n${a}\n`);
  assert.deepEqual(read, lines.slice(0, 2));
  assert.deepEqual(notes, [
    'line 2 is cut short or damaged, and left out',
    'line 4 is cut short or damaged, and left out',
    'line 6 repeats run run-0, and is left out',
  ]);
});

test('a newer version is refused by its number, another shape by its field; more fields are borne', () => {
  const [line] = lines;
  const refused = (value: object, says: RegExp): void =>
    assert.throws(
      () => readHistory(`${JSON.stringify(line)}\n${JSON.stringify(value)}\n`),
      (error: unknown) => error instanceof HistoryError && says.test(error.message),
    );
  refused({ ...line, history: 2 }, /^line 2: history version 2, this hopcost reads version 1; use a newer hopcost$/);
  refused({ ...line, history: 99, entries: 'other' }, /history version 99/);
  refused({ ...line, at: 'yesterday' }, /^line 2: expected a line of a history, got at: /);
  refused({ record: 'run' }, /line 2: expected a line of a history, got history/);
  assert.deepEqual(readHistory(JSON.stringify({ ...line, later: 1 })).lines, [line]);
});
