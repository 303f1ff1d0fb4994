/** `hopcost report` and `hopcost serve` as a user calls them. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import { onRequest } from '#reports/registry.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';
import { Cli, hopcost, temporaryFolder } from './cli.ts';

async function runFolder(parent: string, name: string, seed: number, change: Partial<RunRecords['run']> = {}) {
  const records = syntheticRun({ rounds: 2, seed, scenarios: ['http-small'], mishaps: false });
  const folder = join(parent, name);
  await mkdir(folder);
  const run = { ...records.run, run: name, startedAt: `2027-01-0${seed}T00:00:00.000Z`, ...change };
  await writeFile(join(folder, 'trials.ndjson'), recordLines({ ...records, run }));
  return folder;
}

test('several runs: the newest one’s report, with the history of all', async () => {
  using folder = temporaryFolder();
  const [a, b] = [await runFolder(folder.path, 'a', 1), await runFolder(folder.path, 'b', 2)];
  const { code, stderr } = await hopcost('report', b, a);
  assert.equal(code, 0, stderr);
  const page = await readFile(join(b, 'report.html'), 'utf8');
  assert.match(page, /<figure id="history">\s*<figcaption><b>What became of the cost from run to run\?<\/b>/);
  assert.deepEqual(await readdir(a), ['trials.ndjson']);
});

test('--merge makes a run of its own; different hosts are refused', async () => {
  using folder = temporaryFolder();
  const [a, b] = [await runFolder(folder.path, 'a', 1), await runFolder(folder.path, 'b', 2)];
  const merged = await hopcost('report', a, b, '--merge', '--json');
  assert.equal(merged.code, 0, merged.stderr);
  const { run } = JSON.parse(merged.stdout) as { run: { run: string; rounds: number } };
  assert.deepEqual([run.run, run.rounds], ['b-merged-2', 4]);
  assert.ok((await readdir(join(folder.path, 'b-merged-2'))).includes('trials.ndjson'));
  const other = await runFolder(folder.path, 'c', 3, { revision: 'other' });
  const refused = await hopcost('report', a, other, '--merge');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /cannot be merged: the version of hopcost/);
  assert.equal((await hopcost('report', a, '--merge')).code, 2);
});

test('--formats writes what other tools read; an unknown one is named with the nearest', async () => {
  using folder = temporaryFolder();
  const a = await runFolder(folder.path, 'a', 1);
  const { code, stderr } = await hopcost('report', a, '--formats', 'all');
  assert.equal(code, 0, stderr);
  const files = await readdir(a);
  for (const { file } of onRequest) assert.ok(files.includes(file), file);
  const unknown = await hopcost('report', a, '--formats', 'openmetric');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /openmetrics/);
});

test('the budgets of bench.config.ts are held against the run, and do not change the exit code of a mere report', async () => {
  using folder = temporaryFolder();
  const records = syntheticRun({ rounds: 6, scenarios: ['http-small'], mishaps: false });
  await writeFile(join(folder.path, 'trials.ndjson'), recordLines(records));
  const budgets = ['l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest', 'l7-http.cpuPerRequest <= 9 µs'];
  await writeFile(
    join(folder.path, 'bench.config.ts'),
    `export default { gate: { budgets: ${JSON.stringify(budgets)} } }`,
  );
  await using cli = new Cli(['report', '.'], { cwd: folder.path });
  const { code, stdout, stderr } = await cli.finished;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ kept {8}l7-http.*\n[^]*^ exceeded {4}l7-http/m);
  assert.match(await readFile(join(folder.path, 'report.html'), 'utf8'), /class="badge bad"[^>]*>exceeded/);
});

test('compare: two runs of one host by a yardstick, JSON for programs, and its exit codes', async () => {
  using folder = temporaryFolder();
  const [a, b] = [await runFolder(folder.path, 'a', 1), await runFolder(folder.path, 'b', 2)];
  const table = await hopcost('compare', a, join(b, 'trials.ndjson'));
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /Same host/);
  const json = await hopcost('compare', a, b, '--json', '--strict');
  assert.equal(json.code, 98, 'two rounds tell nothing');
  const { comparison, sameHost } = JSON.parse(json.stdout) as { comparison: number; sameHost: boolean };
  assert.deepEqual([comparison, sameHost], [2, true]);
  const unknown = await hopcost('compare', a, b, '--yardstick', 'nginx-http');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /the yardstick nginx-http is not a proxy that both runs have there; they have l4-tcp/);
  await writeFile(join(folder.path, 'broken.ndjson'), '{"record":"run"}\n');
  for (const [second, says] of [
    [a, /both are the run a/],
    [join(folder.path, 'broken.ndjson'), /broken\.ndjson: line 1: not a valid run record/],
    [join(folder.path, 'none'), /no run '.*none'/],
  ] as const) {
    const refused = await hopcost('compare', a, second);
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
    assert.match(refused.stderr, says);
  }
});

test('serve: a ready line, loopback only, ends on a signal', async () => {
  using folder = temporaryFolder();
  await runFolder(folder.path, 'a', 1);
  await using cli = new Cli(['serve', '--listen', '127.0.0.1:0', '--out', folder.path]);
  const { address } = JSON.parse(await cli.line('stdout', '{')) as { address: string };
  assert.match(await (await fetch(`http://${address}/`)).text(), /\/runs\/a\//);
  cli.process.kill('SIGTERM');
  assert.equal((await cli.finished).code, 0);
  const refused = await hopcost('serve', '--listen', '0.0.0.0:0');
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /loopback/);
});
