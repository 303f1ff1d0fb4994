/** The log of records where it cannot be written, and files of records that are none. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRecords, RecordLog, RECORDS_FILE } from '#bench/run/record-log.ts';
import { temporaryFolder } from '../../scripts/cli.ts';

test(
  'a disk that is full: which file, why, and that what was measured can be read',
  { skip: process.platform !== 'linux' && 'needs prlimit' },
  () => {
    using folder = temporaryFolder();
    const directory = join(folder.path, 'run');
    const script = `
    import { RecordLog } from '#bench/run/record-log.ts';
    import { syntheticRun } from '#test/reports/synthetic-run.ts';
    const log = await RecordLog.create(process.argv[1]);
    const { run, trials } = syntheticRun({ rounds: 1 });
    await log.append(run).then(() => console.log('first'));
    for (const trial of trials) await log.append(trial);
  `;
    const words = ['--fsize=20000', process.execPath, '--input-type=module-typescript', '--eval', script, directory];
    let said = '';
    try {
      execFileSync('prlimit', words, { cwd: join(import.meta.dirname, '../../..'), encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      said = (error as { stderr: string }).stderr;
    }
    assert.match(
      said,
      /run\/trials\.ndjson cannot be written on: larger than a file may be here; what stands in it stays readable/,
    );
  },
);

test('a folder that cannot be made: which one, why, and what to do', async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'file'), '');
  await assert.rejects(RecordLog.create(join(folder.path, 'file/run')), {
    message:
      /cannot write results to .*\/file\/run: .*is below something that is no folder; choose another folder with --out/,
  });
});

test('records are read from files alone, and nothing is waited for', { timeout: 10_000 }, async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, RECORDS_FILE);
  execFileSync('mkfifo', [file]);
  await assert.rejects(openRecords(file), { message: `${file} is a FIFO, not a file` });
  mkdirSync(join(folder.path, 'folder'));
  await assert.rejects(openRecords(join(folder.path, 'folder')), { message: /is a folder, not a file/ });
  symlinkSync('/dev/null', join(folder.path, 'device'));
  await assert.rejects(openRecords(join(folder.path, 'device')), { message: /is a device, not a file/ });
});
