/** The server of runs over real sockets: the list, a run that grows while it is watched, and what must not be served. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { writeReports } from '#reports/write.ts';
import { Follower } from '#scripts/serve/follow.ts';
import { isLoopback, serveRuns } from '#scripts/serve/server.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';
import { syntheticSearch } from '#test/reports/synthetic-search.ts';
import { launch, skip } from '#test/reports/browser.ts';
import { temporaryFolder } from '../cli.ts';

const records = syntheticRun({ rounds: 2, scenarios: ['http-small'] });
const lines = recordLines(records).trimEnd().split('\n');
const never = new AbortController().signal;
const listen = { host: '127.0.0.1', port: 0 };

/** `path` as it is, unlike fetch, which would tidy it up. */
const get = (port: number, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number; text: string; type: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, method }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode!, text, type: answer.headers['content-type'] ?? '' }));
    })
      .on('error', reject)
      .end();
  });

async function served(folder: string, run = 'run-1', count = lines.length) {
  await mkdir(join(folder, run));
  await writeFile(join(folder, run, 'trials.ndjson'), `${lines.slice(0, count).join('\n')}\n`);
  return serveRuns(folder, listen, never);
}

test('the list names every run, newest state and report; folders that are no runs are left out', async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path);
  await mkdir(join(folder.path, 'not-a-run'));
  await mkdir(join(folder.path, 'torn'));
  await writeFile(join(folder.path, 'torn', 'trials.ndjson'), lines.slice(0, 3).join('\n'));
  await writeFile(join(folder.path, 'run-1', 'report.html'), '<p>report</p>');
  const { port } = server.address;
  const { status, text } = await get(port, '/');
  assert.equal(status, 200);
  assert.match(text, /href="\/runs\/run-1\/report\.html"/);
  assert.match(text, />completed</);
  assert.match(text, />running or unfinished</);
  assert.doesNotMatch(text, /not-a-run/);
  assert.equal((await get(port, '/runs/run-1/report.html')).text, '<p>report</p>');
  assert.equal((await get(port, '/runs/run-1/trials.ndjson')).type, 'application/x-ndjson');
});

test('a FIFO in the place of records is told and skipped, and keeps nobody waiting', { timeout: 20_000 }, async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path);
  await mkdir(join(folder.path, 'pipe'));
  execFileSync('mkfifo', [join(folder.path, 'pipe/trials.ndjson')]);
  const { port } = server.address;
  const { text } = await get(port, '/');
  assert.match(text, /href="\/runs\/run-1\/"/);
  assert.match(text, /<code>pipe<\/code>: .*trials\.ndjson is a FIFO, not a file/);
  assert.match((await get(port, '/runs/pipe/')).text, /is a FIFO, not a file/);
});

test('a run without a slash at its end leads to the page with one', async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path);
  const { address } = server;
  const answer = await fetch(`http://127.0.0.1:${address.port}/runs/run-1`);
  assert.deepEqual([answer.status, answer.url], [200, `http://127.0.0.1:${address.port}/runs/run-1/`]);
});

test('the list has what the reference hops cost, and a line of their trials', async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path);
  await writeReports(analyse(records), records, join(folder.path, 'run-1'));
  const { text } = await get(server.address.port, '/');
  const costs = records.trials.flatMap((trial) =>
    trial.state === 'completed' && subjectName(trial.subject) === 'l7-http' ? [trial] : [],
  );
  assert.ok(costs.length >= 2);
  assert.match(text, /<td class="text">\d[^<]*µs\s*<svg[^>]*>\s*<polyline points="0\.0,[\d.]+ /);
});

test('two runs that are ticked are compared; one, three and unknown ones are not', async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path);
  const later = syntheticRun({ rounds: 2, scenarios: ['http-small'] });
  await mkdir(join(folder.path, 'run-2'));
  const run = { ...later.run, run: 'the-later-run', startedAt: '2099-01-01T00:00:00.000Z' };
  await writeFile(join(folder.path, 'run-2/trials.ndjson'), recordLines({ ...later, run }));
  const { port } = server.address;
  const { status, text } = await get(port, '/compare?run=run-2&run=run-1');
  assert.equal(status, 200);
  assert.match(text, new RegExp(`<h1>${records.run.run} and the-later-run</h1>`));
  assert.match(text, /<th[^>]*>Second ÷ first/);
  for (const [query, expected] of [
    ['', 400],
    ['?run=run-1', 400],
    ['?run=run-1&run=run-2&run=run-1', 400],
    ['?run=run-1&run=absent', 404],
    ['?run=run-1&run=..', 404],
    ['?run=run-1&run=.%2frun-2', 404],
  ] as const)
    assert.equal((await get(port, `/compare${query}`)).status, expected, query);
});

test('the state grows with the file; a line that is not whole yet waits', async () => {
  using folder = temporaryFolder();
  const subjects = records.subjects.length;
  await using server = await served(folder.path, 'run-1', 1 + subjects + 2);
  const state = async () =>
    JSON.parse((await get(server.address.port, '/runs/run-1/state.json')).text) as {
      state: string;
      done: number;
      planned: number;
      rows: string[][];
    };
  const before = await state();
  assert.deepEqual([before.state, before.done], ['running', 2]);
  assert.equal(before.planned, records.trials.length);
  const file = join(folder.path, 'run-1', 'trials.ndjson');
  const next = lines[1 + subjects + 2]!;
  await appendFile(file, next.slice(0, 100));
  assert.equal((await state()).done, 2);
  await appendFile(file, `${next.slice(100)}\n`);
  assert.equal((await state()).done, 3);
  await appendFile(file, `${lines.slice(1 + subjects + 3).join('\n')}\n`);
  const after = await state();
  assert.deepEqual([after.state, after.done], ['completed', records.trials.length]);
  assert.ok(after.rows.some(([scenario, subject]) => scenario === 'http-small' && subject === 'l7-http'));
});

test('a search on the live page: its windows count, and its plan is known once it is over', async () => {
  using folder = temporaryFolder();
  const search = syntheticSearch({ rounds: 0, micro: false, subjects: TRUTHS.slice(0, 2) });
  const windows = search.windows!;
  const { end, ...running } = search;
  const served = async (of: RunRecords) => {
    await mkdir(join(folder.path, 'run-1'), { recursive: true });
    await writeFile(join(folder.path, 'run-1', 'trials.ndjson'), recordLines(of));
    const state = (await new Follower(join(folder.path, 'run-1')).state())!;
    return { ...state, recent: state.recent.map((line) => line.replaceAll('\u00a0', ' ')) };
  };
  const early = await served({ ...running, windows: windows.slice(0, 3), knees: [] });
  assert.deepEqual([early.state, early.done, early.recent.length], ['running', 3, 3]);
  assert.ok(early.planned > windows.length / 3 && early.recent[0]!.startsWith('window 3 · http-small · direct · '));
  const late = await served(search);
  assert.deepEqual([late.state, late.done, late.planned], ['completed', windows.length, windows.length]);
  assert.equal(end?.state, 'completed');
});

test('nothing beyond the runs is served, to nobody but this machine, to read only', async () => {
  using folder = temporaryFolder();
  await using server = await served(join(folder.path));
  await writeFile(join(folder.path, 'secret.txt'), 'secret');
  await writeFile(join(folder.path, 'run-1', '.env'), 'secret');
  const { port } = server.address;
  for (const path of [
    '/runs/../secret.txt',
    '/runs/run-1/../../secret.txt',
    '/runs/run-1/..%2f..%2fsecret.txt',
    '/runs/%2e%2e/secret.txt',
    '/runs/run-1/.env',
    '/runs/./secret.txt',
    '/runs/../run-1/',
    '/runs/run-1/__proto__',
    '/runs/run-1/toString',
    '/runs/absent/',
    '//secret.txt',
    '/secret.txt',
  ]) {
    const { status, text } = await get(port, path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(text, /^secret/);
  }
  assert.equal((await get(port, '/', { host: 'attacker.example' })).status, 421);
  assert.equal((await get(port, '/', { host: `localhost:${port}` })).status, 200);
  assert.equal((await get(port, '/', {}, 'POST')).status, 405);
  assert.equal((await get(port, '/', {}, 'HEAD')).text, '');
  assert.deepEqual(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1'].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('a damaged run says so and harms no other', async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path);
  await mkdir(join(folder.path, 'bad'));
  await writeFile(join(folder.path, 'bad', 'trials.ndjson'), 'not json\n');
  assert.equal((await get(server.address.port, '/runs/bad/state.json')).status, 500);
  assert.equal((await get(server.address.port, '/runs/run-1/')).status, 200);
});

test('the live page in a browser follows the run to its end', { skip }, async () => {
  using folder = temporaryFolder();
  await using server = await served(folder.path, 'run-1', 1 + records.subjects.length + 2);
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 360, height: 800 } });
    const noise: string[] = [];
    page.on('console', (message) => noise.push(message.text()));
    page.on('pageerror', (error) => noise.push(error.message));
    await page.goto(`http://127.0.0.1:${server.address.port}/`);
    await page.getByRole('checkbox', { name: 'compare run-1' }).check();
    await page.getByRole('button', { name: /^Compare/ }).click();
    await page.getByText('expected two runs that are ticked, got 1').waitFor();
    await page.goBack();
    noise.length = 0; // the browser tells of the refusal
    await page.getByRole('link', { name: 'run-1', exact: true }).click();
    await page.getByText(`running, 2 of ${records.trials.length} trials`).waitFor();
    assert.equal(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), 0);
    await appendFile(
      join(folder.path, 'run-1', 'trials.ndjson'),
      `${lines.slice(1 + records.subjects.length + 2).join('\n')}\n`,
    );
    await page.getByText(`completed, ${records.trials.length} of ${records.trials.length} trials`).waitFor();
    assert.ok(await page.getByRole('link', { name: 'Open the report' }).isVisible());
    assert.ok((await page.locator('#rows tr').count()) >= 4);
    assert.deepEqual(noise, []);
  } finally {
    await browser.close();
  }
});
