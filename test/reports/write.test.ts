import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { Exporter } from '#reports/contract.ts';
import { exporters } from '#reports/registry.ts';
import { ExportError, writeReports } from '#reports/write.ts';
import { syntheticRun } from './synthetic-run.ts';

const records = syntheticRun({ rounds: 1, scenarios: ['http-small'] });
const analysis = analyse(records);
const folder = await mkdtemp(join(tmpdir(), 'hopcost-reports-'));
after(() => rm(folder, { recursive: true, force: true }));
const fake = (format: string, render: Exporter['render']): Exporter => ({ format, file: `${format}.txt`, render });

test('every exporter writes its file, and leaves nothing else', async () => {
  const out = join(folder, 'all', 'deep');
  const files = await writeReports(analysis, records, out);
  assert.deepEqual(
    files,
    exporters.map(({ file }) => join(out, file)),
  );
  assert.deepEqual((await readdir(out)).toSorted(), exporters.map(({ file }) => file).toSorted());
});

test('a failing exporter names itself; the others are written; its old file stays', async () => {
  const out = join(folder, 'failing');
  const good = fake('good', () => 'fine');
  await writeReports(analysis, records, out, [fake('bad', () => 'old')]);
  const bad = fake('bad', () => {
    throw new Error('no such chart');
  });
  await assert.rejects(
    writeReports(analysis, records, out, [bad, good]),
    (error: unknown) =>
      error instanceof ExportError && /^exporter 'bad' could not write .*bad\.txt: no such chart$/.test(error.message),
  );
  assert.equal(await readFile(join(out, 'good.txt'), 'utf8'), 'fine');
  assert.equal(await readFile(join(out, 'bad.txt'), 'utf8'), 'old');
  assert.deepEqual((await readdir(out)).toSorted(), ['bad.txt', 'good.txt']);
  await assert.rejects(
    writeReports(analysis, records, out, [bad, { ...bad, format: 'worse' }]),
    /2 reports failed: .*'bad'.*'worse'/,
  );
});

test('a folder that cannot be written is named', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  await assert.rejects(writeReports(analysis, records, join(file, 'below')), /ENOTDIR|EEXIST/);
});
