/** What a person sees while a run goes on. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createProgress } from '#scripts/run/progress.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';

const { trials } = syntheticRun({ rounds: 3, scenarios: ['http-small'] });
const escape = String.fromCodePoint(27);

/** A terminal of a given size, and what was written to it. */
function terminal(columns: number, rows: number, isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { columns, rows, isTTY });
  const written: string[] = [];
  stream.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}

/** What stands on the screen, colours apart: cursor up, column, and clearing below, as the progress uses them. */
function screenOf(text: string): string[] {
  const lines = [''];
  let row = 0;
  const [up, column, clear] = [`${escape}[`, `${escape}[1G`, `${escape}[0J`];
  const bare = text.replaceAll(/\p{Cc}\[\d+m/gu, '');
  for (const part of bare.split(new RegExp(`(${escape}\\[\\d*[A-Z]|\\n)`))) {
    if (part === '\n') {
      row++;
      lines[row] ??= '';
    } else if (part === column) lines[row] = lines[row]!.slice(0, 0) + lines[row]!;
    else if (part === clear) {
      lines.length = row + 1;
      lines[row] = '';
    } else if (part.startsWith(up) && part.endsWith('A')) row -= Number(part.slice(2, -1));
    else lines[row] += part;
  }
  return lines;
}

test('a terminal shows one table whose figures settle, and the status under it, within its width', () => {
  const { stream, written } = terminal(72, 40, true);
  const progress = createProgress(stream, 3, 60_000);
  progress.note('quick: direct, l4-tcp');
  for (const generation of [0, 1, 2]) {
    progress.starting(`generation ${generation + 1} of 3`);
    for (const trial of trials.filter((one) => one.generation === generation)) progress.finished(trial);
  }
  const screen = screenOf(written.join(''));
  assert.equal(screen[0], 'quick: direct, l4-tcp');
  assert.equal(screen.filter((line) => line.startsWith(' So far ')).length, 1, screen.join('\n'));
  assert.match(
    screen.find((line) => line.startsWith(' l7-http '))!,
    /^ l7-http +1[789]\.\d +1\d\.\d–\d\d\.\d +[\d,]+/,
  );
  assert.match(screen.at(-1)!, /^ 3\/3 {2}generation 3 of 3 {2}\d+ s left$/);
  assert.ok(
    screen.some((line) => line.includes('failed: expected the proxy to be ready')),
    'what failed stays above the table',
  );
  for (const line of screen.filter((one) => one.startsWith(' '))) assert.ok(line.length <= 72, line);
  progress.close();
  assert.ok(!screenOf(written.join('')).some((line) => line.includes('So far')), 'the report says it for good');
});

test('a terminal of few rows shows the last lines alone', () => {
  const { stream, written } = terminal(80, 5, true);
  const progress = createProgress(stream, 1, 1_000);
  progress.starting('generation 1 of 1');
  for (const trial of trials) if (trial.state === 'completed') progress.finished(trial);
  const screen = screenOf(written.join(''));
  assert.ok(screen.length <= 4, screen.join('\n'));
  assert.match(screen.at(-1)!, /generation 1 of 1/);
});

test('elsewhere each trial is a plain line', () => {
  const { stream, written } = terminal(80, 24, false);
  const progress = createProgress(stream, trials.length, 1_000);
  progress.starting('generation 1 of 3');
  for (const trial of trials) progress.finished(trial);
  progress.close();
  const text = written.join('');
  assert.ok(!text.includes(escape));
  assert.equal(text.match(/^ ?\d+\/\d+ {2}http-small · /gm)?.length, trials.length);
  assert.match(text, /l7-http +[\d,]+\/s {2}1[789]\.\d\sµs of CPU per request/);
});
