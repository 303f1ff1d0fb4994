/** `hopcost history` and its file: appended to by several at once, cut short, of a newer version. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { recordLines } from '#bench/model/record.ts';
import { readHistory } from '#bench/model/history.ts';
import { appendHistory, checkHistory, readHistoryFile } from '#scripts/run/history-file.ts';
import { UsageError } from '#bench/model/errors.ts';
import { historyLines } from '#test/bench/analysis/across-runs/history-lines.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';
import { hopcost, temporaryFolder } from './cli.ts';

const lines = historyLines({ runs: 30, l7: (run) => (run < 14 ? 1 : 1.1) });
const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Appends its share of the lines, as a process of its own would. */
const APPENDER = `
  const { workerData } = require('node:worker_threads');
  (async () => {
    const { appendHistory } = await import(workerData.module);
    for (const line of workerData.lines) await appendHistory(workerData.file, line);
  })();
`;

test('several append at once: every line is whole', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'history.ndjson');
  const module = new URL('../../scripts/run/history-file.ts', import.meta.url).href;
  const share = (of: number) => lines.filter((_, i) => i % 4 === of);
  await Promise.all(
    [0, 1, 2, 3].map((of) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const worker = new Worker(APPENDER, { eval: true, workerData: { module, file, lines: share(of) } });
      worker.once('error', reject);
      worker.once('exit', () => resolve());
      return promise;
    }),
  );
  const { lines: read, notes } = readHistory(await readFile(file, 'utf8'));
  assert.deepEqual(notes, []);
  assert.deepEqual(read, lines);
});

test('after half a line a new one is begun; the half is told and the rest stands', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'history.ndjson');
  await appendHistory(file, lines[0]!);
  await appendFile(file, JSON.stringify(lines[1]).slice(0, 100));
  await appendHistory(file, lines[2]!);
  const { lines: read, notes } = await readHistoryFile(file);
  assert.deepEqual(read, [lines[0], lines[2]]);
  assert.deepEqual(notes, ['line 2 is cut short or damaged, and left out']);
});

test('whether a history can be written is asked without making it', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'history.ndjson');
  await checkHistory(file);
  assert.equal(existsSync(file), false);
  await appendHistory(file, lines[0]!);
  await checkHistory(file);
  await assert.rejects(checkHistory(join(folder.path, 'none', 'history.ndjson')), /cannot be written/);
  await assert.rejects(checkHistory(folder.path), UsageError);
});

test('a folder, or a line that is none, is refused', async () => {
  using folder = temporaryFolder();
  await assert.rejects(appendHistory(folder.path, lines[0]!), UsageError);
  await assert.rejects(appendHistory(join(folder.path, 'x'), { ...lines[0]!, at: 'yesterday' }));
  await assert.rejects(readHistoryFile(join(folder.path, 'none')), UsageError);
});

test('hopcost history: change points, the page beside it, JSON', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'history.ndjson');
  await writeFile(file, text);
  const { code, stdout, stderr } = await hopcost('history', file);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /CPU per request ÷ l4-tcp, l7-http in http-small: 30 runs\n\n more expensive  1\.(09|10|11)/);
  assert.match(
    await readFile(join(folder.path, 'history.html'), 'utf8'),
    /<figure id="history">[^]*<figure id="history-2">/,
  );
  const json = await hopcost('history', file, '--json', '--html', join(folder.path, 'other.html'));
  const report = JSON.parse(json.stdout) as { history: number; runs: number; series: { changes: unknown[] }[] };
  assert.deepEqual([report.history, report.runs], [1, 30]);
  assert.ok(report.series.some(({ changes }) => changes.length === 1));
});

test('hopcost history: --add appends a run once; --strict asks for runs enough; refusals', async () => {
  using folder = temporaryFolder();
  const [file, run] = [join(folder.path, 'history.ndjson'), join(folder.path, 'run')];
  await mkdir(run);
  const records = syntheticRun({ rounds: 2, scenarios: ['http-small'], mishaps: false });
  await writeFile(join(run, 'trials.ndjson'), recordLines(records));
  const added = await hopcost('history', file, '--add', run, run, '--strict');
  assert.equal(added.code, 98, added.stderr);
  assert.match(added.stdout, /Nothing can be told yet/);
  assert.match(added.stderr, /has run .* already/);
  assert.equal((await readFile(file, 'utf8')).trimEnd().split('\n').length, 1);

  await appendFile(file, `${JSON.stringify({ ...lines[0], history: 7 })}\n`);
  const newer = await hopcost('history', file);
  assert.deepEqual([newer.code, newer.stdout], [2, '']);
  assert.match(newer.stderr, /line 2: history version 7, this hopcost reads version 1/);
  // Told before anything is measured.
  const gate = await hopcost('gate', '--base', 'HEAD', '--history', file);
  assert.deepEqual([gate.code, gate.stdout], [2, '']);
  assert.match(gate.stderr, /history version 7/);
  const nowhere = await hopcost('gate', '--base', 'HEAD', '--history', join(folder.path, 'none', 'history.ndjson'));
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /--history .*cannot be written/);
  await writeFile(file, '');
  const empty = await hopcost('history', file);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /expected a run a line, found none/);
});

test('hopcost report --history draws the branch with this run as its newest', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'history.ndjson');
  await writeFile(file, text);
  const records = syntheticRun({ rounds: 2, scenarios: ['http-small'], mishaps: false });
  await writeFile(join(folder.path, 'trials.ndjson'), recordLines(records));
  const { code, stderr } = await hopcost('report', folder.path, '--history', file);
  assert.equal(code, 0, stderr);
  const page = await readFile(join(folder.path, 'report.html'), 'utf8');
  assert.match(
    page,
    /<figure id="history">\s*<figcaption>.*from run to run\?<\/b> <span><span class="whole">l7-http<\/span> 1\.\d+×/,
  );
  assert.ok(page.includes(records.run.run));
});
